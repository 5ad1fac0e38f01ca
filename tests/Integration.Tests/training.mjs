// node training.mjs PLAYWRIGHT_FOLDER ADDRESS SCREENSHOTS RUN_FOLDER
// Watches the run "tiny" train, which the test stops once "grown" is printed, and lets go on to its end; "slow" is another run, complete.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { run, limit, card, text, points } from './harness.mjs';

const [, address, screenshots, folder] = process.argv.slice(2);
const lines = file => readFileSync(`${folder}/${file}`, 'utf8').trimEnd().split('\n').map(line => JSON.parse(line));
const row = name => `#runs li:has(.name:text-is("${name}"))`;
const isChosen = (page, name) => page.locator(row(name) + ' input').isChecked();

await run({
  async training(page) {
    await page.goto(address);
    await page.waitForSelector('#runs .name:text-is("tiny")', { timeout: limit });
    await page.waitForSelector('#live.on');
    // Rows stay where they are while their numbers change: a click finds them.
    if (await isChosen(page, 'slow')) await page.locator(row('slow') + ' input').uncheck();
    if (!await isChosen(page, 'tiny')) await page.locator(row('tiny') + ' input').check();
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });

    // The curve grows without a reload.
    const before = (await points(page, 'loss', 1)).length;
    while ((await points(page, 'loss', 1)).length < before + 3) await page.waitForTimeout(100);
    assert.equal(await page.locator(row('tiny') + ' .status').textContent(), 'running');
    console.log('grown');
    await page.waitForFunction(() => [...document.querySelectorAll('#runs li')].some(li => li.textContent.startsWith('tinycomplete')), null, { timeout: 120000 });
    await page.waitForTimeout(1000);

    // What is drawn is what the run has logged.
    const logged = lines('metrics.jsonl'), of = key => logged.filter(m => m[key] !== null && m[key] !== undefined).map(m => [m.step, m[key]]);
    assert.deepEqual(await points(page, 'loss', 1), of('loss'));
    assert.deepEqual(await points(page, 'loss', 2), of('val_loss'));
    for (const key of ['lr', 'grad_norm', 'tokens_per_second', 'mfu', 'ffn_active_fraction', 'attention_kept']) assert.deepEqual(await points(page, key), of(key), key);
    await page.screenshot({ path: screenshots + '/training.png', fullPage: true });

    await page.click('[data-tab="sparsity"]');
    await page.waitForSelector('.heat');
    assert.match(await page.locator('.heat[data-key="ffn_active_fraction_by_layer"]').getAttribute('aria-label'), /: 2 layers, /);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForTimeout(500);
    await page.screenshot({ path: screenshots + '/training-sparsity.png', fullPage: true });

    await page.click('[data-tab="samples"]');
    const last = lines('generated.jsonl').at(-1);
    await text(page, '.sample', last.prompt + last.text);
    assert.equal(await page.locator('#view h3').first().textContent(), `step ${last.step.toLocaleString('en')}`);
    await page.screenshot({ path: screenshots + '/training-samples.png' });

    // Another run over it: the configurations differ in what was changed.
    await page.locator(row('slow') + ' input').check();
    await page.click('[data-tab="config"]');
    await page.waitForSelector('text=What differs between the chosen runs');
    const rows = await page.locator('table').first().locator('tbody tr').allTextContents();
    assert.ok(rows.includes('LrSchedule.Lr0.010.001'), rows.join(' '));
    await page.click('[data-tab="curves"]');
    await page.setViewportSize({ width: 390, height: 800 });
    await page.waitForSelector(card('loss') + ' canvas');
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 390);
    await page.screenshot({ path: screenshots + '/training-small.png' });
  },
});

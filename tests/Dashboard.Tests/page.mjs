// node page.mjs PLAYWRIGHT_FOLDER ADDRESS TOKEN_ADDRESS MANY_RUNS_ADDRESS SCREENSHOTS
// Goes through the page as a user does, on runs that the test has made up.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { run, limit, card, heading, text, points, drawn, drag, rangeOf } from './harness.mjs';

const [, address, tokenAddress, manyAddress, screenshots] = process.argv.slice(2);
const post = (events, to = address) => fetch(to + 'api/events', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(events) });
const metrics = (run, step, values) => ({ Timestamp: new Date(Date.UTC(2026, 0, 2, 12) + step * 1000).toISOString(), Level: 'Information', Properties: { Run: run, Kind: 'Metrics', Step: step, Metrics: values } });

const scenarios = {
  async curves(page) {
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    await text(page, heading('loss'), '1.01');
    const loss = await drawn(page, card('loss') + ' canvas');
    assert.ok(loss.pixels > 500 && loss.colours > 5, JSON.stringify(loss));
    for (const key of ['lr', 'grad_norm', 'system/cpu', 'mine/own']) assert.equal(await page.locator(card(key)).count(), 1, key);
    assert.deepEqual(await page.locator('h2').allTextContents(), ['Training', 'Sparsity', 'Time', 'mine', 'system']);
    await page.screenshot({ path: screenshots + '/light.png' });
  },
  async live(page) {
    await page.goto(address + '#run=live');
    await page.waitForSelector('#live.on', { timeout: limit });
    await text(page, heading('loss'), '5');
    await post([metrics('live', 7, { loss: 1.25 })]);
    await text(page, heading('loss'), '1.25');
    await text(page, '#runs .chosen .facts', 'step 7 · loss 1.25');
  },
  async filter(page) {
    await page.goto(address);
    await page.waitForFunction(() => document.querySelectorAll('#runs li').length === 8, null, { timeout: limit });
    await page.fill('#filter', '^(alpha|beta)$');
    assert.deepEqual((await page.locator('#runs .name').allTextContents()).sort(), ['alpha', 'beta']);
    assert.equal(await page.locator('#count').textContent(), '2 of 8 runs');
    await page.fill('#filter', '[');
    assert.equal(await page.locator('#count').textContent(), '0 of 8 runs');
    await page.fill('#filter', 'LPH');
    assert.deepEqual(await page.locator('#runs .name').allTextContents(), ['alpha']);
  },
  async manyRuns(page) {
    await page.goto(manyAddress + '#run=r1049');
    await text(page, '#count', '1,050 runs, 200 shown');
    // The oldest is on the second page of the list; news of it reach its row, and a run that is new stands first.
    await page.fill('#filter', '^r0$');
    await page.waitForSelector('#live.on', { timeout: limit });
    await post([metrics('r0', 3, { loss: 7.5 })], manyAddress);
    await text(page, '#runs li:not(:has(.status:empty)) .facts', 'step 3 · loss 7.5');
    await page.fill('#filter', '');
    await post([metrics('newest', 5000, { loss: 1 })], manyAddress);
    await text(page, '#count', '1,051 runs, 200 shown');
    assert.deepEqual((await page.locator('#runs .name').allTextContents()).slice(0, 3), ['r1049', 'newest', 'r1048']);
  },
  async overlay(page) {
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    await page.check('#runs input[data-run="beta"]');
    await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).getAll('run').join() === 'alpha,beta');
    // Both colours are in the picture.
    await page.waitForFunction(selector => {
      const canvas = document.querySelector(selector), { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let [blue, orange] = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] < 200) continue;
        if (data[i + 2] > 200 && data[i] < 80) blue++;
        if (data[i] > 200 && data[i + 2] < 80) orange++;
      }
      return blue > 20 && orange > 20;
    }, card('loss') + ' canvas', { timeout: limit });
    await page.click('[data-tab="config"]');
    await page.waitForSelector('text=What differs between the chosen runs', { timeout: limit });
    assert.deepEqual(await page.locator('table').first().locator('tbody tr td').allTextContents(), ['Lr', '0.1', '0.2']);
  },
  async heat(page) {
    await page.goto(address + '#run=alpha&tab=sparsity');
    await page.waitForSelector('.heat', { timeout: limit });
    const map = await drawn(page, '.heat');
    assert.ok(map.pixels > 200000 && map.colours > 8, JSON.stringify(map));
    // Layer 1 at step 0 has 0.2: the pointer and the keys read the same.
    const box = await page.locator('.heat').first().boundingBox();
    await page.mouse.move(box.x + 2, box.y + 2);
    await text(page, '.scale .at', 'layer 2 · step 0 · 0.3');
    await page.locator('.heat').first().focus();
    await page.keyboard.press('ArrowDown');
    await text(page, '.scale .at', 'layer 1 · step 0 · 0.2');
  },
  async zoom(page) {
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' .u-over', { timeout: limit });
    await text(page, heading('loss'), '1.01');
    await drag(page, card('loss') + ' .u-over', 0.25, 0.5);
    await page.waitForSelector('#reset:not([hidden])', { timeout: limit });
    const [from, to] = rangeOf(page);
    assert.ok(Math.abs(from - 25) < 3 && Math.abs(to - 50) < 3, `${from} ${to}`);
    // The last loss in view is that of step 50: 2 − 50/100 + 0.01 or near it.
    await page.waitForFunction(selector => Math.abs(Number(document.querySelector(selector).textContent) - 1.5) < 0.05, heading('loss'), { timeout: limit });
    await page.keyboard.press('Escape');
    await page.waitForSelector('#reset', { state: 'hidden', timeout: limit });
    await text(page, heading('loss'), '1.01');
  },
  async refine(page) {
    // 5000 steps of 64 tokens: the whole is drawn by means, a part by its points.
    await page.goto(address + '#run=long&x=tokens');
    await page.waitForSelector(card('loss') + ' .u-over', { timeout: limit });
    await page.waitForFunction(() => document.querySelector('.now').textContent !== '');
    const whole = await points(page, 'loss');
    assert.ok(whole.length > 300 && whole.length <= 600 && whole[1][0] - whole[0][0] > 64, String(whole.length));
    await drag(page, card('loss') + ' .u-over', 0.5, 0.55);
    await page.waitForSelector('#reset:not([hidden])', { timeout: limit });
    const [low, high] = rangeOf(page);
    assert.ok(Math.abs(low - 160000) < 4000 && Math.abs(high - 176000) < 4000, `${low} ${high}`);
    await page.waitForFunction(() => document.querySelector('.now').textContent !== '5000');
    await page.waitForTimeout(300);
    const part = await points(page, 'loss');
    for (const [x, y] of part) assert.equal(x, 64 * y);
    assert.ok(part.length > (high - low) / 64 && part[1][0] - part[0][0] === 64, String(part.length));
    // The heat map shows the same stretch.
    await page.click('[data-tab="sparsity"]');
    await page.waitForSelector('.heat', { timeout: limit });
    const steps = (await page.locator('.scale span').first().textContent()).match(/steps ([\d,]+) to ([\d,]+)/).slice(1).map(n => Number(n.replaceAll(',', '')));
    assert.ok(Math.abs(steps[0] - low / 64) < 15 && Math.abs(steps[1] - high / 64) < 15, steps.join());
  },
  async heatZoom(page) {
    await page.goto(address + '#run=alpha&tab=sparsity');
    await page.waitForSelector('.heat', { timeout: limit });
    await drag(page, '.heat', 0.205, 0.405);
    await page.waitForSelector('#reset:not([hidden])', { timeout: limit });
    await page.screenshot({ path: screenshots + '/heat.png' });
    assert.deepEqual(rangeOf(page), [20, 40]);
    await text(page, '.scale', 'steps 20 to 40');
    await page.locator('.heat').first().dblclick();
    await page.waitForSelector('#reset', { state: 'hidden', timeout: limit });
    await text(page, '.scale', 'steps 0 to 99');
  },
  async samples(page) {
    await page.goto(address + '#run=alpha&run=beta&tab=samples');
    await text(page, '.sample', 'Once upon a night\n  <b>long</b>');
    assert.deepEqual(await page.locator('#view h3').allTextContents(), ['step 20', 'step 10']);
    assert.deepEqual(await page.locator('.beside .name').allTextContents(), ['alpha', 'beta', 'alpha']);
    await page.screenshot({ path: screenshots + '/samples.png' });
    await page.click('summary');
    assert.ok(await page.locator('details .sample').evaluate(p => p.textContent === 'The end' + 'z'.repeat(3000) && p.offsetHeight > 0));
    await page.selectOption('#view select', 'The end');
    await page.waitForFunction(() => document.querySelectorAll('#view h3').length === 1);
    // What comes does not fold what its reader has unfolded.
    await post([{ Timestamp: '2026-01-02T13:00:00Z', Level: 'Information', Properties: { Run: 'alpha', Kind: 'Sample', Step: 30, Prompt: 'The end', Text: '.' } }]);
    await page.waitForFunction(() => document.querySelectorAll('#view h3').length === 2);
    assert.equal(await page.locator('details').getAttribute('open'), '');
  },
  async dots(page) {
    await page.goto(address);
    await page.check('#runs input[data-run=".."]');
    await page.click('[data-tab="config"]');
    await page.selectOption('#oneRun', '..').catch(() => {});
    await text(page, 'dl', '..');
    page.once('dialog', dialog => dialog.accept());
    await page.click('.danger');
    await page.waitForFunction(() => !document.querySelector('#runs input[data-run=".."]'), null, { timeout: limit });
  },
  async deletion(page) {
    await page.goto(address + '#run=doomed&tab=config');
    await page.waitForSelector('.danger', { timeout: limit });
    const asked = [];
    page.once('dialog', dialog => { asked.push(dialog.message()); dialog.dismiss(); });
    await page.click('.danger');
    assert.equal(await page.locator('#runs input[data-run="doomed"]').count(), 1);
    assert.ok(asked[0].startsWith('Delete doomed with all its points?'), asked[0]);
    page.once('dialog', dialog => dialog.accept());
    await page.click('.danger');
    await page.waitForFunction(() => !document.querySelector('#runs input[data-run="doomed"]'), null, { timeout: limit });
    assert.ok(!(await (await fetch(address + 'api/runs')).json()).some(run => run.name === 'doomed'));
  },
  async download(page) {
    await page.goto(address + '#run=live&tab=config');
    const save = async format => {
      const saving = page.waitForEvent('download');
      await page.click(`text=Download ${format}`);
      const saved = await saving;
      return [saved.suggestedFilename(), await readFile(await saved.path())];
    };
    const [name, csv] = await save('CSV');
    assert.equal(name, 'live.csv');
    assert.deepEqual(csv.toString().split('\n').slice(0, 2), ['key,step,time,value', 'loss,1,2026-01-02T12:00:01.000Z,5']);
    const [other, parquet] = await save('Parquet');
    assert.equal(other, 'live.parquet');
    assert.equal(parquet.subarray(0, 4).toString() + parquet.subarray(-4).toString(), 'PAR1PAR1');
  },
  async copy(page) {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(address).origin });
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    await page.check('#log');
    await page.fill('#smooth', '0.9');
    await page.click('#share');
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(link, page.url());
    const other = await page.context().newPage();
    await other.goto(link);
    await other.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    assert.deepEqual([await other.isChecked('#log'), await other.inputValue('#smooth'), await other.isChecked('#runs input[data-run="alpha"]')], [true, '0.9', true]);
  },
  async smoothing(page) {
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    await page.fill('#smooth', '0.5');
    await text(page, '#smoothValue', '0.50');
    await page.waitForTimeout(300);
    // Weights 1, 1/2, 1/4, … of 2, 1.99, 1.98, …, from the newest back, over their sum.
    const drawnNow = await points(page, 'loss');
    for (const at of [0, 1, 7, 99]) {
      let [sum, weights] = [0, 0];
      for (let back = 0; back <= at; back++) [sum, weights] = [sum + 2 ** -back * Number((2 - (at - back) / 100).toFixed(2)), weights + 2 ** -back];
      assert.ok(Math.abs(drawnNow[at][1] - sum / weights) < 1e-9, `${at}: ${drawnNow[at]} ${sum / weights}`);
    }
  },
  async logAxis(page) {
    await page.goto(address + '#run=signs');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    assert.deepEqual(await points(page, 'loss'), [[1, 100], [2, -1], [3, 0], [4, 0.01]]);
    await page.check('#log');
    await page.waitForTimeout(300);
    // What has no logarithm is a gap.
    assert.deepEqual(await points(page, 'loss'), [[1, 100], [4, 0.01]]);
  },
  async keyboard(page) {
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    await page.keyboard.press('/');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'filter');
    await page.keyboard.type('bet');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.run), 'beta');
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), 'none');
    await page.keyboard.press('Space');
    await page.waitForFunction(() => location.hash.includes('run=beta'));
    assert.equal(await page.evaluate(() => document.activeElement.dataset.run), 'beta');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.dataset.tab), 'curves');
    await page.keyboard.press('ArrowRight');
    await page.waitForSelector('[data-tab="sparsity"][aria-selected="true"]');
    const nameless = await page.evaluate(() => [...document.querySelectorAll('input, select, button')].filter(e => !e.labels?.length && !e.textContent.trim() && !e.ariaLabel).length);
    assert.equal(nameless, 0);
  },
  async small(page) {
    await page.setViewportSize({ width: 400, height: 800 });
    for (const tab of ['curves', 'sparsity', 'log', 'samples', 'checkpoints', 'config']) {
      await page.goto(address + '#run=alpha&run=beta&tab=' + tab);
      await page.reload();
      await page.waitForFunction(() => document.querySelector('#view > div')?.children.length, null, { timeout: limit });
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= 400, tab);
    }
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    const [first, second] = [await page.locator(card('loss')).boundingBox(), await page.locator(card('lr')).boundingBox()];
    assert.ok(second.y > first.y + first.height && second.x === first.x);
    await page.screenshot({ path: screenshots + '/small.png' });
  },
  async dark(page) {
    const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.goto(address + '#run=alpha');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    assert.equal(await back(), 'rgb(16, 20, 27)');
    await page.screenshot({ path: screenshots + '/dark.png' });
    await page.click('#theme');
    assert.equal(await back(), 'rgb(246, 247, 249)');
    await page.reload();
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    assert.equal(await back(), 'rgb(246, 247, 249)');
  },
  async link(page) {
    await page.goto(address + '#run=alpha&x=time&log=1&smooth=0.5');
    await page.waitForSelector(card('loss') + ' canvas', { timeout: limit });
    assert.deepEqual([await page.inputValue('#axis'), await page.isChecked('#log'), await page.inputValue('#smooth')], ['time', true, '0.5']);
    await page.selectOption('#axis', 'tokens');
    await page.waitForFunction(() => location.hash.includes('x=tokens'));
  },
  async texts(page) {
    await page.goto(address + '#run=alpha&tab=log');
    await text(page, '.lines', 'a warning');
    await page.selectOption('#view select', 'Error');
    await page.waitForSelector('text=No lines.', { timeout: limit });
    await page.click('[data-tab="samples"]');
    await text(page, '#view', 'Once upon a night');
    await page.click('[data-tab="checkpoints"]');
    await text(page, 'td:nth-child(3)', '2.0 MB');
  },
  async script(page) {
    await page.goto(address);
    const name = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';
    await page.check(`#runs li:has-text("onerror") input`, { timeout: limit });
    for (const tab of ['curves', 'log', 'samples', 'config']) {
      await page.click(`[data-tab="${tab}"]`);
      await page.waitForFunction(() => document.querySelector('#view > div')?.children.length, null, { timeout: limit });
    }
    assert.ok((await page.locator('#runs .name').allTextContents()).includes(name));
    assert.equal(await page.evaluate(() => window.hacked), undefined);
    assert.equal(await page.locator('main img, aside img').count(), 0);
  },
  async token(page) {
    await page.goto(tokenAddress + '#token=0123456789abcdef&tab=log');
    await text(page, '#count', '1 run');
    assert.ok(!page.url().includes('0123456789abcdef'));
    await page.reload();
    await text(page, '#count', '1 run');
    await page.waitForSelector('#live.on', { timeout: limit });
  },
};

await run(scenarios);

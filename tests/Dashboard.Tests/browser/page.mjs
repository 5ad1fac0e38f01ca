// node page.mjs PLAYWRIGHT_FOLDER ADDRESS TOKEN_ADDRESS SCREENSHOTS
// Goes through the page as a user does, in headless Chromium, and prints "ok NAME" or "fail NAME: WHY" for each scenario.
import { pathToFileURL } from 'node:url';
import assert from 'node:assert/strict';

const [folder, address, tokenAddress, screenshots] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(folder + '/index.mjs'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const limit = 15000;

/** How many pixels of a canvas are neither transparent nor of its most frequent colour. */
const drawn = (page, selector) => page.locator(selector).first().evaluate(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height), counts = new Map();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) counts.set(data.slice(i, i + 3).join(), (counts.get(data.slice(i, i + 3).join()) ?? 0) + 1);
  return { pixels: [...counts.values()].reduce((a, b) => a + b, 0), colours: counts.size };
});
const post = events => fetch(address + 'api/events', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(events) });
const metrics = (run, step, values) => ({ Timestamp: new Date(Date.UTC(2026, 0, 2, 12) + step * 1000).toISOString(), Level: 'Information', Properties: { Run: run, Kind: 'Metrics', Step: step, Metrics: values } });
const card = key => `.plot[data-key="${key}"]`;
const heading = key => `.card:has(${card(key)}) .now`;
const text = (page, selector, expected) => page.waitForFunction(([s, e]) => document.querySelector(s)?.textContent.includes(e), [selector, expected], { timeout: limit });

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
    await page.waitForFunction(() => document.querySelectorAll('#runs li').length === 4, null, { timeout: limit });
    await page.fill('#filter', '^(alpha|beta)$');
    assert.deepEqual((await page.locator('#runs .name').allTextContents()).sort(), ['alpha', 'beta']);
    assert.equal(await page.locator('#count').textContent(), '2 of 4 runs');
    await page.fill('#filter', '[');
    assert.equal(await page.locator('#count').textContent(), '0 of 4 runs');
    await page.fill('#filter', 'LPH');
    assert.deepEqual(await page.locator('#runs .name').allTextContents(), ['alpha']);
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
    const box = await page.locator(card('loss') + ' .u-over').boundingBox();
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 50, { steps: 5 });
    await page.mouse.up();
    await page.waitForSelector('#reset:not([hidden])', { timeout: limit });
    const [from, to] = new URLSearchParams(page.url().split('#')[1]).get('range').split('~').map(Number);
    assert.ok(Math.abs(from - 25) < 3 && Math.abs(to - 50) < 3, `${from} ${to}`);
    // The last loss in view is that of step 50: 2 − 50/100 + 0.01 or near it.
    await page.waitForFunction(selector => Math.abs(Number(document.querySelector(selector).textContent) - 1.5) < 0.05, heading('loss'), { timeout: limit });
    await page.keyboard.press('Escape');
    await page.waitForSelector('#reset', { state: 'hidden', timeout: limit });
    await text(page, heading('loss'), '1.01');
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
    await text(page, '.sample', 'Once upon a time');
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
    await text(page, '#count', '1 runs');
    assert.ok(!page.url().includes('0123456789abcdef'));
    await page.reload();
    await text(page, '#count', '1 runs');
    await page.waitForSelector('#live.on', { timeout: limit });
  },
};

for (const [name, scenario] of Object.entries(scenarios)) {
  const context = await browser.newContext({ viewport: { width: 1300, height: 900 }, colorScheme: 'light' });
  const page = await context.newPage(), errors = [];
  page.setDefaultTimeout(limit);
  page.on('console', message => message.type() === 'error' && errors.push(message.text()));
  page.on('pageerror', error => errors.push(error.message));
  try {
    await scenario(page);
    assert.deepEqual(errors, [], 'errors in the console');
    console.log('ok ' + name);
  } catch (e) {
    console.log(`fail ${name}: ${String(e.message).replaceAll('\n', ' | ')} ${errors.join(' | ')}`);
  }
  await context.close();
}
await browser.close();

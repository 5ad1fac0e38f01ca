// Headless Chromium for tests of the dashboard's page. The first argument of the program is the folder of playwright-core.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const chromiumFile = '/usr/bin/chromium', playwright = process.argv[2];
for (const needed of [chromiumFile, playwright]) {
  if (existsSync(needed)) continue;
  console.log(`${needed} is missing: the page cannot be tested. Do: scripts/install-peers.sh, as root where apt has to install Chromium`);
  process.exit(1);
}
const { chromium } = await import(pathToFileURL(playwright + '/index.mjs'));

/** Milliseconds that anything may take. */
export const limit = 15000;

/** Goes through scenarios, each in a browser window of its own, and prints "ok NAME" or "fail NAME: WHY" for each; what the console calls an error is one. */
export async function run(scenarios) {
  const browser = await chromium.launch({
    executablePath: chromiumFile,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
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
}

/** The chart of a metric, and the newest value in its heading. */
export const card = key => `.plot[data-key="${key}"]`;
export const heading = key => `.card:has(${card(key)}) .now`;

/** Waits until an element holds a text. */
export const text = (page, selector, expected) => page.waitForFunction(([s, e]) => document.querySelector(s)?.textContent.includes(e), [selector, expected], { timeout: limit });

/** The points that a chart draws: x and the y of one of its lines, the last where not said, without gaps. */
export const points = (page, key, line = -1) => page.evaluate(async ([plot, line]) => {
  const { charts } = await import('/chart.js');
  const { data } = charts.get(document.querySelector(plot)), y = data.at(line);
  return data[0].map((x, i) => [x, y[i]]).filter(([, value]) => value !== null && value !== undefined);
}, [card(key), line]);

/** How many pixels of a canvas are neither transparent nor of its most frequent colour. */
export const drawn = (page, selector) => page.locator(selector).first().evaluate(canvas => {
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height), counts = new Map();
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 0) counts.set(data.slice(i, i + 3).join(), (counts.get(data.slice(i, i + 3).join()) ?? 0) + 1);
  return { pixels: [...counts.values()].reduce((a, b) => a + b, 0), colours: counts.size };
});

/** Drags over an element, from a share of its width to another. */
export async function drag(page, selector, from, to) {
  const box = await page.locator(selector).first().boundingBox();
  await page.mouse.move(box.x + box.width * from, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, box.y + 50, { steps: 5 });
  await page.mouse.up();
}

/** The zoomed stretch, as the address has it. */
export const rangeOf = page => new URLSearchParams(page.url().split('#')[1]).get('range').split('~').map(Number);

// node page.mjs PLAYWRIGHT_FOLDER ROUNDS ADDRESS PEER_ADDRESS VIEW...
// Opens views of the dashboard's page in turn on two servers, in headless Chromium, and prints a line for each: the milliseconds of every round, from the address being entered until all is drawn.
import { pathToFileURL } from 'node:url';

const [folder, rounds, address, peerAddress, ...views] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(folder + '/index.mjs'));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

async function open(server, view) {
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 } });
  const start = performance.now();
  await page.goto(server + view, { waitUntil: 'commit' });
  await page.waitForFunction(() => {
    const charts = [...document.querySelectorAll('.plot')];
    return document.querySelectorAll('#runs li').length && (charts.length || document.querySelector('.heat')) && charts.every(chart => chart.querySelector('canvas') && chart.closest('.card').querySelector('.now').textContent);
  }, null, { timeout: 60000 });
  // Two frames later it is on the screen.
  await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))));
  const elapsed = performance.now() - start;
  await page.close();
  return elapsed;
}

for (const view of views) {
  const times = [[], []];
  // The first round fills Chromium's caches.
  for (let round = -1; round < Number(rounds); round++) {
    const both = [await open(address, view), await open(peerAddress, view)];
    if (round >= 0) both.forEach((time, i) => times[i].push(time));
  }
  console.log(JSON.stringify(times));
}
await browser.close();

// node check_report.mjs MNIST_TRAIN FOLDER MNIST_DIR: the page that a run leaves, in a browser:
// no errors, nothing asked of the network, every picture decoded, no wider than a desktop or a phone.
// Exits with 77 where playwright-core (looked for in NODE_PATH and beside the current folder) or
// chromium is missing.
import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import os from 'node:os';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

let playwright;
for (const place of [...(process.env.NODE_PATH ?? '').split(':'), path.resolve('node_modules')]) {
  try {
    playwright ??= createRequire(import.meta.url)(path.join(place, 'playwright-core'));
  } catch {
  }
}
const chromium = process.env.CHROMIUM ?? '/usr/bin/chromium';
if (!playwright || !existsSync(chromium)) {
  console.log('skipped: no playwright-core or no chromium on this machine');
  process.exit(77);
}

const [train, folder, data] = process.argv.slice(2);
const run = path.join(folder, 'run');
rmSync(run, {recursive: true, force: true});
execFileSync(train, ['--model', 'tiny', '--data', data, '--steps', '60', '--stages', '3', '--quiet',
                     '--out', run], {stdio: 'inherit'});

const profile = mkdtempSync(path.join(os.tmpdir(), 'effv2-browser-'));
const browser = await playwright.chromium.launchPersistentContext(profile, {
  executablePath: chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
         '--disable-background-networking', '--disable-component-update'],
});
let failed = false;
const expect = (good, what) => {
  failed ||= !good;
  if (!good) console.log(`FAILED: ${what}`);
};
const url = pathToFileURL(path.join(run, 'report.html')).href;
for (const width of [390, 1280]) {
  for (const colorScheme of ['light', 'dark']) {
    const page = await browser.newPage();
    const where = `${width} px, ${colorScheme}`;
    page.on('console', message => expect(false, `${where}: console: ${message.text()}`));
    page.on('pageerror', error => expect(false, `${where}: ${error}`));
    page.on('request', request => expect(request.url() === url || request.url().startsWith('data:'),
                                         `${where}: asks for ${request.url()}`));
    await page.setViewportSize({width, height: 900});
    await page.emulateMedia({colorScheme});
    await page.goto(url);
    await page.evaluate(() => document.querySelectorAll('details').forEach(d => d.open = true));
    const found = await page.evaluate(() => {
      const images = [...document.images], charts = [...document.querySelectorAll('svg')];
      const luminance = c => c.match(/\d+/g).slice(0, 3).reduce((sum, x) => sum + Number(x), 0);
      const style = getComputedStyle(document.body);
      return {
        width: document.documentElement.scrollWidth,
        inner: innerWidth,
        images: images.length,
        broken: images.filter(i => !i.complete || i.naturalWidth !== 28).length,
        charts: charts.length,
        narrow: charts.filter(s => s.getBoundingClientRect().width < 200).length,
        isDark: luminance(style.backgroundColor) < luminance(style.color),
      };
    });
    expect(found.width <= found.inner, `${where}: ${found.width} px wide`);
    expect(found.images > 12 && found.broken === 0, `${where}: ${found.broken} of ${found.images} broken`);
    expect(found.charts === 7 && found.narrow === 0,
           `${where}: ${found.charts} charts, ${found.narrow} narrow`);
    expect(found.isDark === (colorScheme === 'dark'), `${where}: dark: ${found.isDark}`);
    await page.close();
  }
}
await browser.close();
rmSync(profile, {recursive: true, force: true});
if (!failed) console.log('the report fits desktop and phone, in light and in dark');
process.exit(failed ? 1 : 0);

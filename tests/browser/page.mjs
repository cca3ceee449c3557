// A browser for the tests of one file, pages in it, and waiting for what they show.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import { endAll } from "./servers.mjs";

const { chromium } = createRequire(`${process.env.HOLDFAST_BROWSER_MODULES}/`)("playwright-core");

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
});
after(async () => {
  await browser?.close();
  await endAll();
});

// A page that notes in `complaints` what the browser complains about and whatever is asked for outside. `prepare`
// comes before it is loaded.
export async function open(url, settings = {}, prepare = async () => {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...settings });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(error.message));
  page.on("console", (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) page.complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith("data:")) page.complaints.push(request.url());
  });
  await prepare(page);
  await page.goto(url);
  return page;
}

// Asks until it is so. (Playwright's own waitForFunction() evaluates text, which the page's policy forbids.)
export async function until(page, condition, argument) {
  for (const giveUp = Date.now() + 30_000; Date.now() < giveUp; await page.waitForTimeout(20))
    if (await page.evaluate(condition, argument)) return;
  assert.fail(`never so: ${condition} ${argument ?? ""}`);
}

export async function within(ms, page, condition, what) {
  const began = Date.now();
  await until(page, condition);
  const took = Date.now() - began;
  assert.ok(took <= ms, `${what} showed after ${took} ms`);
}

export const untilText = (page, selector, text) =>
  until(page, ([where, what]) => document.querySelector(where)?.textContent.includes(what), [selector, text]);

// For people: HOLDFAST_BROWSER_PICTURES names a folder.
export async function picture(page, name) {
  const folder = process.env.HOLDFAST_BROWSER_PICTURES;
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

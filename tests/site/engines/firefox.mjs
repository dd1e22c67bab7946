/**
 * Firefox on a line: `node firefox.mjs PROGRAM` reads requests from standard input, JSON of {call, ...} a line each, and
 * answers each by a line of JSON, {value} or {error}. Ends with its standard input.
 */

import { createInterface } from "node:readline";

import puppeteer from "puppeteer-core";

const PATIENCE = 90_000; // milliseconds, on a busy machine, too
const browser = await puppeteer.launch({ browser: "firefox", executablePath: process.argv[2], headless: true });
const complaints = [];
let page;

const calls = {
  async open({ url, width, height }) {
    await page?.close();
    page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.setViewport({ width, height });
    await page.goto(url, { waitUntil: "load" });
  },
  run: ({ script, values }) => page.evaluate(`(${script})(...${JSON.stringify(values)})`),
  click: ({ selector }) => page.click(selector),
  press: ({ key }) => page.keyboard.press(key),
  write: ({ text }) => page.keyboard.type(text),
  complaints: () => complaints.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, ...given } = JSON.parse(line);
  let answer;
  try {
    answer = { value: (await calls[call](given)) ?? null };
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();

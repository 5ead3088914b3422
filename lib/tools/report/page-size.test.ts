import assert from "node:assert/strict";
import { test } from "node:test";
import type { MimeBundle } from "@gradbook/base";
import { figureFrom } from "@gradbook/core/internal";
import { buildReport } from "./build.js";
import { code, figureOutput, prose } from "./fixture.test.helper.js";
import { reportInputs } from "./inputs.js";

/** A page of a notebook with outputs, and what it leaves out. */
async function page(...outputs: readonly MimeBundle[]) {
  const cells = [prose("# Much"), code("much();", outputs), prose("## The end")];
  const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells } as const;
  const inputs = await reportInputs(notebook, "quick", undefined);
  let left: readonly string[] = [];
  const files = await buildReport(notebook, {
    notebook: "much.ipynb",
    inputs,
    onLeftOut: (all) => {
      left = all.map(({ place, what }) => `${place}: ${what}`);
    },
  });
  const html = String(files.get("index.html"));
  assert.match(html, /<h2 id="the-end">/);
  return { size: html.length, html, left };
}

test("50 MB of printed lines", async () => {
  const line = `${"0123456789".repeat(100)}\n`;
  const { size, left } = await page(
    ...Array.from({ length: 25 }, () => ({ "text/plain": line.repeat(2_000) })),
  );
  assert.ok(size < 20e6, `${size}`);
  assert.match(left[0], /^cell 1: \d+ of 2000 lines of its text/);
});

test("50 MB of HTML in pieces: the first are shown, of the others their text, and it is said", async () => {
  const row = `<tr><td>${"cell ".repeat(380)}</td></tr>`;
  const table = { "text/html": `<table>${row.repeat(300)}</table>`, "text/plain": "a table in words" };
  const { size, html, left } = await page(...Array.from({ length: 87 }, () => table));
  assert.ok(size < 3e6, `${size}`);
  assert.equal(html.match(/<table>/g)?.length, 3);
  assert.equal(html.match(/a table in words/g)?.length, 84);
  const what = /^cell 1: text\/html: 0\.6 MB of HTML, of at most 2 in a report; shown is its text/;
  assert.ok(
    left.some((line) => what.test(line)),
    left.join("\n"),
  );
});

test("50 MB of pictures: the page is full, and each that is not on it is named where it would be", async () => {
  // PNG holds any bytes behind its end
  const pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==";
  const heavy = Buffer.concat([Buffer.from(pixel, "base64"), Buffer.alloc(2_500_000)]).toString("base64");
  const { size, html, left } = await page(...Array.from({ length: 16 }, () => ({ "image/png": heavy })));
  assert.ok(size < 17e6, `${size}`);
  assert.match(
    html,
    /\[left out: a picture of 3\.3 MB \(the page is full; it is in the executed notebook\)\]/,
  );
  assert.ok(
    left.some((line) => line.startsWith("cell 1: a picture of 3.3 MB (the page is full")),
    left.join("\n"),
  );
});

test("a figure of 600,000 points is drawn, as pixels, and not interactive", async () => {
  const y = Array.from({ length: 600_000 }, (_, i) => Math.sin(i) * 1.2345678901);
  const { size, html, left } = await page(figureOutput(figureFrom({ data: [{ y, mode: "lines" }] }, "x")));
  assert.ok(size < 3e6, `${size}`);
  assert.doesNotMatch(html, /<button type="button" data-figure/);
  assert.ok(
    left.some((what) => /not interactive on the page \(1\d\.\d MB of data\)/.test(what)),
    left.join("\n"),
  );
});

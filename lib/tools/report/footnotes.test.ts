import assert from "node:assert/strict";
import { test } from "node:test";
import { Footnotes } from "./footnotes.js";
import { proseWriter } from "./prose.js";

/** The HTML of each cell, and the notes at the end. */
async function written(
  ...cells: readonly string[]
): Promise<{ readonly cells: string[]; readonly notes: string }> {
  const footnotes = new Footnotes(cells);
  const write = await proseWriter({ footnotes });
  const html: string[] = [];
  for (const cell of cells) html.push((await write(cell, {})).html.trim());
  return { cells: html, notes: footnotes.list() };
}

test("notes are numbered as the text names them, whatever cell defines them", async () => {
  const { cells, notes } = await written(
    "a[^x] b[^y] c[^x]",
    "[^y]: two *words*\n    go on\n\nText.\n\n[^x]: one",
  );
  const link = (id: string, n: number) =>
    `<sup><a id="${id}" href="#note-${n}" aria-label="Note ${n}">${n}</a></sup>`;
  assert.equal(
    cells[0],
    `<p>a${link("to-note-1", 1)} b${link("to-note-2", 2)} c${link("to-note-1-2", 1)}</p>`,
  );
  assert.equal(cells[1], "<p>Text.</p>");
  assert.match(notes, /<li id="note-1">one <a href="#to-note-1" .*<a href="#to-note-1-2"/);
  assert.match(notes, /<li id="note-2">two <em>words<\/em>\ngo on <a href="#to-note-2"/);
});

test("a name that nothing defines is text, and without notes there is no list", async () => {
  const { cells, notes } = await written("a[^x] and x[^1][2]");
  assert.equal(cells[0], "<p>a[^x] and x[^1][2]</p>");
  assert.equal(notes, "");
});

test("a note that the text never names is not lost", async () => {
  const { notes } = await written("[^x]: lonely");
  assert.match(notes, /<li id="note-1">lonely<\/li>/);
});

test("HTML beside and inside of a note is cleaned", async () => {
  const { cells, notes } = await written('<b onclick="x()">a</b>[^x]\n\n[^x]: <i onclick="x()">note</i>');
  assert.match(cells[0], /^<p><b>a<\/b><sup>/);
  assert.match(notes, /<i>note<\/i>/);
});

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { checkNotebook, findingInWords } from "./check.js";
import { largeSubmission, submit } from "./submit.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
after(() => rmSync(folder, { recursive: true }));

/** A notebook of these code cells, run with these numbers. */
function notebookOf(
  name: string,
  cells: readonly (readonly [source: string, count: number | null])[],
): string {
  const path = join(folder, `${name}.ipynb`);
  const text = JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
    cells: cells.map(([source, count], i) => ({
      ...{ cell_type: "code", id: `c${i}`, metadata: {}, outputs: [] },
      ...{ source, execution_count: count },
    })),
  });
  writeFileSync(path, text);
  return path;
}
const words = (path: string, list: readonly Parameters<typeof findingInWords>[1][] | undefined) =>
  list?.map((finding) => findingInWords(path, finding));

test("a notebook that hides nothing and runs: nothing to say, and nothing written", async () => {
  const path = notebookOf("good", [
    ["const rate = 0.1;", 1],
    ["rate * 2", 2],
  ]);
  const before = readFileSync(path);
  assert.deepEqual(await checkNotebook({ notebook: path, scale: "quick", run: true }), {
    saved: [],
    fresh: [],
  });
  assert.deepEqual(readFileSync(path), before);
});

test("a deleted cell is found in the file and by the run; each with its cell and a cure", async () => {
  const path = notebookOf("deleted", [
    ["const batch = 4;", 2],
    ["batch * rate", 3],
  ]);
  const { saved, fresh } = await checkNotebook({ notebook: path, scale: "quick", run: true });
  assert.deepEqual(words(path, saved), [
    "deleted.ipynb, cell 2: rate is used, but no cell defines it (a deleted cell?). Define it above.",
  ]);
  assert.match(
    String(words(path, fresh)),
    /^deleted\.ipynb, cell 2: a fresh run ends here: .*rate.*\. Mend it, and check again\.$/s,
  );
});

test("what only the numbers show is said, although the fresh run goes through; without a run in a moment", async () => {
  const path = notebookOf("order", [
    ["let seed = 1;", 1],
    ["seed", 4],
    ["seed = 2;", 3],
    ["let other = 1; other += seed;", 2],
  ]);
  const { saved, fresh } = await checkNotebook({ notebook: path, scale: "quick", run: false });
  assert.equal(fresh, undefined);
  assert.match(String(words(path, saved)), /cell 3: it ran as \[3\], before cell 2 above it \(\[4\]\)/);
});

test("submit says what the saved file hid, and hands in the fresh run", async () => {
  const path = notebookOf("hidden", [
    ["let n = 1;", 3],
    ["n", 2],
  ]);
  const { file, hidden } = await submit({ notebook: path, roll: "CS-21-B-001", out: folder, scale: "quick" });
  assert.match(file, /cs-21-b-001-hidden\.ipynb$/);
  assert.match(
    String(words(path, hidden)),
    /n was defined anew \(cell 1, run as \[3\]\) after this ran as \[2\]/,
  );
});

test("more than 10 MB are asked about", () => {
  assert.equal(largeSubmission(10e6), undefined);
  const finding = largeSubmission(12.34e6) ?? assert.fail();
  assert.equal(
    findingInWords("hw4.ipynb", finding),
    "hw4.ipynb: 12.3 MB with its outputs, more than 10. Show fewer or smaller pictures, or hand it in as it is: gradbook submit --large.",
  );
});

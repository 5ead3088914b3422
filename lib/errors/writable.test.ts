import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertWritableFile, assertWritableFolder } from "./writable.js";

test("a folder to write to: there or not yet there, but no file and not under one; nothing is made", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-test-"));
  const file = join(folder, "file");
  writeFileSync(file, "");
  try {
    assertWritableFolder(folder);
    assertWritableFolder(join(folder, "a/b"));
    assertWritableFile(join(folder, "a/b.ipynb"));
    assertWritableFile(file);
    for (const path of [file, join(file, "a"), join(file, "a/b")]) {
      assert.throws(() => assertWritableFolder(path), {
        message: `${path}: nothing can be written there (${file} is a file). Name another folder with --out DIR.`,
      });
    }
    assert.throws(
      () => assertWritableFile(join(file, "x.ipynb")),
      /is a file\)\. Name another file with --out FILE/,
    );
    assert.throws(() => assertWritableFile(folder), {
      message: `${folder}: it is a folder. Name a file in it with --out FILE.`,
    });
    assert.deepEqual(readdirSync(folder), ["file"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

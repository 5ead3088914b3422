import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { shownPath } from "./shown-path.js";
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
        message: `${shownPath(path)}: nothing can be written there (${shownPath(file)} is a file). Choose another location with --out DIR.`,
      });
    }
    assert.throws(
      () => assertWritableFile(join(file, "x.ipynb")),
      /is a file\)\. Choose another location with --out FILE/,
    );
    assert.throws(() => assertWritableFile(folder), {
      message: `${shownPath(folder)}: nothing can be written there (it is a folder). Choose another location with --out FILE.`,
    });
    const long = join(folder, "x".repeat(300));
    assert.throws(() => assertWritableFolder(join(long, "y")), {
      message: /its name is too long \(300 bytes; most file systems take 255\)\. Shorten it, or choose/,
    });
    for (const name of ["loop", "nowhere"])
      symlinkSync(name === "loop" ? name : "missing", join(folder, name));
    assert.throws(
      () => assertWritableFolder(join(folder, "loop")),
      /its symbolic links form a loop\. Repair/,
    );
    assert.throws(() => assertWritableFile(join(folder, "nowhere/x")), /it is a symbolic link to nothing/);
    assert.throws(
      () => assertWritableFolder(""),
      /^GradbookError: "": nothing can be written there \(it is not a path\)/,
    );
    assert.deepEqual(readdirSync(folder).sort(), ["file", "loop", "nowhere"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

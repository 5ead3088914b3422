import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { diagnose } from "@gradbook/doctor";
import { loadFile } from "@gradbook/doctor/internal";

// Losses, activations, update rules and training steps in the styles of courses, written by somebody who had not seen the
// doctor. Each label was verified without it: node tests/fixtures/doctor/corpus/verify.mjs

interface Truth {
  readonly file: string;
  readonly correct: boolean;
}

const corpus = fileURLToPath(new URL("../fixtures/doctor/corpus", import.meta.url));
test("every label is what the files compute", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(corpus, "verify.mjs")], {
    encoding: "utf8",
  });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /66 of 66 labels verified/);
});

for (const part of ["seen", "unseen"]) {
  test(`${part}: no correct file is called wrong`, async (t) => {
    const truth: Truth[] = JSON.parse(readFileSync(join(corpus, part, "truth.json"), "utf8"));
    const counts = new Map<string, number>();
    const blamed: string[] = [];
    for (const { file, correct } of truth) {
      const verdict = await verdictOf(join(corpus, part, file));
      const key = `${correct ? "correct" : "wrong"} called ${verdict}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      if (correct && verdict === "wrong") blamed.push(file);
    }
    for (const [key, count] of counts) t.diagnostic(`${key}: ${count}`);
    assert.deepEqual(blamed, []);
    assert.ok((counts.get("wrong called wrong") ?? 0) > 0);
  });
}

async function verdictOf(path: string): Promise<string> {
  try {
    return diagnose(await loadFile(path)).verdict;
  } catch {
    // nothing in it that looks like an operation
    return "unsure";
  }
}

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

// Everyday tasks of coursework, each at most 25 lines: tests/coursework.

// what the examples write goes with the test
const written = mkdtempSync(join(tmpdir(), "gradbook-coursework-"));
process.env.TMPDIR = written;
after(() => rmSync(written, { recursive: true }));

const folder = new URL("../coursework/", import.meta.url);
const examples = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "small.ts");

test("there are at least 24 of them", () => assert.ok(examples.length >= 24, `${examples.length}`));

for (const name of examples)
  test(`coursework: ${name.replace(".ts", "").replace(/-/g, " ")}`, async () => {
    const lines = readFileSync(new URL(name, folder), "utf8").trimEnd().split("\n");
    assert.ok(lines.length <= 25, `${lines.length} lines`);
    const { ok } = await import(`./coursework/${name.replace(".ts", ".js")}`);
    assert.equal(ok, true);
  });

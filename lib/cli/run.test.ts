import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { readNotebook } from "../notebook/read-ipynb.js";
import { writeNotebook } from "../notebook/write-ipynb.js";
import { command, parseParameters } from "./run.js";

const gradbook = fileURLToPath(new URL("../../cli/gradbook.mjs", import.meta.url));

async function gradbookRun(source: string, ...options: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  try {
    const path = join(folder, "n.ipynb");
    const cell = { id: "a", metadata: {}, source, execution_count: null, outputs: [] };
    await writeNotebook(path, {
      nbformat: 4,
      nbformat_minor: 5,
      metadata: {},
      cells: [{ cell_type: "code", ...cell }],
    });
    const { status, stdout, stderr } = spawnSync(process.execPath, [gradbook, "run", path, ...options], {
      cwd: folder,
      encoding: "utf8",
    });
    const out = join(folder, "n.executed.ipynb");
    return { status, stdout, stderr, written: existsSync(out) ? await readNotebook(out) : undefined };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("gradbook run writes the executed notebook and names it", async () => {
  const source = "console.log(process.env.GRADBOOK_SCALE, process.env.GRADBOOK_DATA === process.cwd())";
  const { status, stdout, written } = await gradbookRun(source, "--scale", "full", "--data", ".");
  assert.match(stdout, /^1 cells in [\d.]+ s\. Open n\.executed\.ipynb\n$/);
  assert.equal(status, 0);
  const [cell] = written?.cells ?? [];
  assert.deepEqual(cell?.cell_type === "code" && cell.outputs, [
    { output_type: "stream", name: "stdout", text: "full true\n" },
  ]);
});

test("gradbook run ends with exit code 1, the failing cell's source and its error, and no file", async () => {
  const { status, stderr, written } = await gradbookRun("const a = 1;\nthrow new TypeError('no');");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^gradbook run: n\.ipynb, code cell 1 of 1: TypeError: no\.\n\n {2}1 │ const a = 1;\n {2}2 │ throw new TypeError\('no'\);\n\nTypeError: no\n/m,
  );
  assert.equal(written, undefined);
});

test("a parameter's value is JSON when it can be, else text", () => {
  assert.deepEqual(
    parseParameters(["n=3", "on=true", "list=[1,2]", "name=relu", "config.scale=full", "e=a=b"]),
    {
      n: 3,
      on: true,
      list: [1, 2],
      name: "relu",
      "config.scale": "full",
      e: "a=b",
    },
  );
});

for (const [title, args, message] of [
  ["no notebook", [], "NOTEBOOK: no notebook was named, expected one. See gradbook run --help."],
  ["two notebooks", ["a", "b"], "NOTEBOOK: 2 notebooks were named, expected one. See gradbook run --help."],
  ["a time that is none", ["a", "--timeout", "soon"], '--timeout: "soon", expected seconds.'],
  ["a parameter without a value", ["a", "-p", "epochs"], '-p: "epochs", expected NAME=VALUE.'],
  ["a scale that is none", ["a", "--scale", "tiny"], '--scale: "tiny", expected quick or full.'],
] as const) {
  test(`refuses ${title}`, async () => {
    await assert.rejects(command.run(args), { name: "GradbookError", message });
  });
}

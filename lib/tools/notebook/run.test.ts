import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readFile as read, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { JsonObject } from "@gradbook/base";
import { type Cell, type Notebook, type Output, readNotebook } from "@gradbook/kernel/internal";
import { CellError } from "./cell-error.js";
import { findKernel } from "./kernels.js";
import { stamp } from "./own-notebook.js";
import { type RunOptions, type RunProgress, type RunResult, runNotebook } from "./run.js";
import { writeNotebook } from "./write-ipynb.js";

// All of these start the real stock tslab, 1.5 s each: so one notebook answers several questions.

interface Outcome {
  readonly result?: RunResult;
  readonly error?: unknown;
  /** Names of the files beside the notebook after the run. */
  readonly files: readonly string[];
  /** The notebook that was written. */
  readonly written?: Notebook;
}

/** Runs a notebook of these code cells in a folder of its own, and sees to it that no process and no file is left. */
async function run(cells: readonly (string | Cell)[], options: RunOptions = {}): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  const path = join(folder, "in.ipynb");
  const out = join(folder, "out.ipynb");
  await writeNotebook(path, {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: "stock-tslab", display_name: "TypeScript", language: "typescript" } },
    cells: cells.map((cell, index) => (typeof cell === "string" ? codeCell(cell, index) : cell)),
  });
  const input = await read(path, "utf8");
  try {
    const ended = await runNotebook(path, { out, env: { TMPDIR: folder }, ...options }).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    assert.equal(await read(path, "utf8"), input, "the input was changed");
    const files = (await readdir(folder)).filter((name) => name !== "in.ipynb").sort();
    return { ...ended, files, ...(existsSync(out) ? { written: await readNotebook(out) } : {}) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function codeCell(source: string, index: number, tags: readonly string[] = []): Cell {
  const metadata: JsonObject = tags.length === 0 ? {} : { tags };
  return { cell_type: "code", id: `c${index}`, metadata, source, execution_count: null, outputs: [] };
}

function outputs(notebook: Notebook | undefined, index: number): readonly Output[] {
  const cell = notebook?.cells[index];
  return cell?.cell_type === "code" ? cell.outputs : [];
}

function assertCellError(error: unknown): asserts error is CellError {
  assert.ok(error instanceof CellError, String(error));
}

test("a notebook runs from top to bottom: counts, outputs, environment, folder, parameters, progress", async () => {
  const steps: string[] = [];
  const { result, files, written } = await run(
    [
      { cell_type: "markdown", id: "text", metadata: {}, source: "# Text" },
      codeCell("const epochs = 1, scale = process.env.GRADBOOK_SCALE;", 1, ["parameters"]),
      "console.log(scale, epochs); console.error('note'); process.cwd() === process.env.TMPDIR",
      codeCell("never", 3, ["skip-execution"]),
      "  \n",
      `const show = require("tslab/dist/jupyter").lastWriteDisplayData;
       for (let done = 1; done <= 2; done++) show({ data: { "application/vnd.gradbook.progress+json":
         { label: "epoch", done, total: 2 } }, metadata: {}, transient: {} }, done === 2);
       show({ data: { "image/png": "iVBORw0KGgo=", "text/plain": "a picture" }, metadata: {}, transient: {} }, false);`,
    ],
    {
      parameters: { epochs: 3 },
      env: { GRADBOOK_SCALE: "quick", TMPDIR: process.cwd() },
      cwd: process.cwd(),
      onProgress: (progress) => steps.push(stepText(progress)),
    },
  );
  assert.ok(result !== undefined && written !== undefined);
  assert.deepEqual(files, ["out.ipynb"]);
  assert.deepEqual(
    written.cells.map((cell) => (cell.cell_type === "code" ? cell.execution_count : "-")),
    ["-", 1, 2, 3, null, null, 4],
  );
  assert.deepEqual(outputs(written, 3), [
    { output_type: "stream", name: "stdout", text: "quick 3\n" },
    { output_type: "stream", name: "stderr", text: "note\n" },
    { output_type: "stream", name: "stdout", text: "true\n" },
  ]);
  assert.deepEqual(outputs(written, 6), [
    {
      output_type: "display_data",
      data: { "image/png": "iVBORw0KGgo=", "text/plain": "a picture" },
      metadata: {},
    },
  ]);
  assert.deepEqual(stamp(result.notebook), written);
  assert.deepEqual([result.cells, result.failures.length], [4, 0]);
  assert.deepEqual(steps, [
    "start 4 TypeScript (stock tslab)",
    "cell 0/4: 1",
    "cell 1/4: 2",
    "cell 2/4: 3",
    "cell 3/4: 6",
    "inside 3/4: epoch 1/2",
    "inside 3/4: epoch 2/2",
    "end 4",
  ]);
});

function stepText(progress: RunProgress): string {
  switch (progress.step) {
    case "start":
      return `start ${progress.total} ${progress.kernel}`;
    case "cell":
      return `cell ${progress.done}/${progress.total}: ${progress.cell.index}`;
    case "inside":
      return `inside ${progress.done}/${progress.total}: ${progress.progress.label} ${progress.progress.done}/${progress.progress.total}`;
    case "end":
      return `end ${progress.total}`;
  }
}

test("a failing cell ends the run with its source and error, and writes nothing", async () => {
  const { error, files } = await run([
    "const a = 1;",
    "console.log(a);\nthrow new RangeError('too far');",
    "a",
  ]);
  assertCellError(error);
  assert.equal(error.message, "in.ipynb, code cell 2 of 3: RangeError: too far.");
  assert.deepEqual(error.cell, {
    index: 1,
    number: 2,
    source: "console.log(a);\nthrow new RangeError('too far');",
  });
  assert.equal(error.error?.ename, "RangeError");
  assert.match(
    error.report(),
    /^ {2}1 │ console\.log\(a\);\n {2}2 │ throw new RangeError\('too far'\);\n\nRangeError: too far\n/,
  );
  assert.deepEqual(files, []);
});

test("allowErrors goes on, and every error is a real error output", async () => {
  const { result, written } = await run(
    [
      "const n: number = 'text';",
      "await Promise.reject(new Error('late'));",
      "1 + 1",
      codeCell("throw 'word'", 3, ["raises-exception"]),
    ],
    { allowErrors: true },
  );
  assert.deepEqual(
    result?.failures.map(({ cell, error }) => [cell.number, error?.ename, error?.evalue]),
    [
      [1, "TypeScriptError", "1:7 - Type 'string' is not assignable to type 'number'."],
      [2, "Error", "late"],
      [4, "Error", "word"],
    ],
  );
  assert.deepEqual(
    [0, 1, 2, 3].map((cell) => outputs(written, cell).map(({ output_type }) => output_type)),
    [["error"], ["error"], ["stream"], ["error"]],
  );
});

test("what a timer or a promise throws later is the failure of the cell that started it", async () => {
  const cells = [
    'setTimeout(() => { throw new Error("late") }, 50);',
    'setTimeout(() => void Promise.reject(new Error("alone")), 50); 1',
    "await new Promise((r) => setTimeout(r, 400)); 2",
  ];
  const { error, files } = await run(cells, { kernel: "tslab" });
  assertCellError(error);
  assert.match(
    error.message,
    /code cell \d of 3: Error: \w+ \(thrown by a timer or a promise that the cell started\)/,
  );
  assert.deepEqual(files, []);

  const { result } = await run(cells, { kernel: "tslab", allowErrors: true });
  const found = result?.failures.map(({ cell, error }) => `${cell.number} ${error?.evalue}`);
  assert.deepEqual(found?.sort(), ["1 late", "2 alone"]);

  const tagged = cells.map((source, i) => codeCell(source, i, ["raises-exception"]));
  assert.equal((await run(tagged, { kernel: "tslab" })).result?.failures.length, 2);
});

test("a kernel that dies is named, with what is known of its end, and what there was is kept when asked", async () => {
  const { error, files, written } = await run(["console.log('before')", "process.exit(3)", "1"], {
    keepPartial: true,
  });
  assertCellError(error);
  assert.equal(error.code, "kernel-died");
  assert.equal(
    error.message,
    "in.ipynb, code cell 2 of 3: the kernel's process ended (exit code 3). If a cell, or a package that it uses, calls process.exit: leave that out.",
  );
  assert.deepEqual(files, ["out.ipynb"]);
  assert.deepEqual(outputs(written, 0), [{ output_type: "stream", name: "stdout", text: "before\n" }]);
  assert.deepEqual(
    written?.cells.map((cell) => cell.cell_type === "code" && cell.execution_count),
    [1, 2, null],
  );
});

test("that what there is cannot be kept does not hide why the run ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  const out = join(folder, "late.ipynb");
  const taken = `require("fs").mkdirSync(${JSON.stringify(join(out, "folder"))}, { recursive: true });`;
  const before = process.env.TMPDIR;
  process.env.TMPDIR = folder; // where a run that has no place is kept
  const { error } = await run([`${taken} throw new Error("mine");`], {
    out,
    keepPartial: true,
    kernel: "tslab",
  });
  if (before === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = before;
  await rm(folder, { recursive: true });
  assertCellError(error);
  assert.match(error.message, /mine/);
});

test("a cell beyond its time is ended with all that it has started", async () => {
  const { error } = await run(
    [
      "const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(child.pid)",
      "for (;;);",
    ],
    { timeoutSeconds: 1, keepPartial: true },
  );
  assertCellError(error);
  assert.equal(error.code, "kernel-timeout");
  assert.match(
    error.message,
    /^in\.ipynb, code cell 2 of 2: the kernel did not finish the cell within 1 s \(its heartbeat does not respond: it computes\)\. --timeout/,
  );
});

test("a run that is stopped from outside ends its kernel and the kernel's children", async () => {
  const stop = new AbortController();
  const { error, written } = await run(
    [
      "const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); console.log(child.pid)",
      "for (;;);",
    ],
    {
      signal: stop.signal,
      keepPartial: true,
      onProgress: (progress) => {
        if (progress.step === "cell" && progress.done === 1) setTimeout(() => stop.abort(), 100);
      },
    },
  );
  assertCellError(error);
  assert.equal(error.code, "stopped");
  const [output] = outputs(written, 0);
  const child = Number("text" in output ? output.text : "0");
  assert.ok(child > 0);
  for (let i = 0; i < 50 && isAlive(child); i++) await sleep(20);
  assert.equal(isAlive(child), false);
});

/** A dead child of a dead parent may stay listed as a zombie ("Z") until somebody asks for its end. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("2,000 lines in one cell of stock tslab arrive, complete and in order", async () => {
  const { written } = await run(["for (let i = 0; i < 2000; i++) console.log(i);", "'after'"]);
  const [output] = outputs(written, 0);
  const lines = "text" in output ? output.text : "";
  assert.equal(lines, Array.from({ length: 2000 }, (_, i) => `${i}\n`).join(""));
});

test("a tslab that loses output is found out: 600 lines in one cell", async () => {
  const kernel = findKernel("stock-tslab", process.cwd());
  const cells = ["1", "for (let i = 0; i < 600; i++) console.log(i);", "2"];
  const { error, files } = await run(cells, { kernel, env: { GRADBOOK_IOPUB: "count" } });
  assertCellError(error);
  assert.equal(error.code, "output-lost");
  assert.match(
    error.message,
    /^in\.ipynb, code cell 2 of 3: \d+ messages are missing, expected all that the cell has printed\. Print less/,
  );
  assert.deepEqual(files, []);
});

test("refuses a kernel that cannot be started, saying why", async () => {
  const kernel = {
    ...findKernel("tslab", process.cwd()),
    argv: [process.execPath, "-e", "throw new Error('no kernel')"],
  };
  const { error } = await run(["1"], { kernel });
  assert.ok(error instanceof Error);
  assert.match(
    error.message,
    /the kernel ended before it answered \(exit code 1\); its last output:[\s\S]*Error: no kernel/,
  );
  const missing = await run(["1"], { kernel: { ...kernel, argv: ["no-such-program"] } });
  assert.match(String(missing.error), /it could not be started/);
});

test("refuses an output that is the input, an unknown option, an unknown kernel", async () => {
  await assert.rejects(runNotebook("a.ipynb", { out: "./a.ipynb" }), { code: "file" });
  const options: object = { timeout: 1 };
  await assert.rejects(runNotebook("a.ipynb", options), {
    message: /^runNotebook: unknown option "timeout"/,
  });
  const { error } = await run(["1"], { kernel: "nobody" });
  assert.match(String(error), /kernel "nobody": no kernel of this name/);
});

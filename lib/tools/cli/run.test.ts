import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { shownPath } from "@gradbook/base";
import { readNotebook } from "@gradbook/kernel/internal";
import { writeNotebook } from "../notebook/write-ipynb.js";
import { command as report } from "./report.js";
import { command, parseParameters } from "./run.js";

const gradbook = fileURLToPath(new URL("../../../gradbook/gradbook.mjs", import.meta.url));

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

test("gradbook run ends with exit code 1, the error with the cell's lines, and no file", async () => {
  const { status, stderr, written } = await gradbookRun("const a = 1;\nthrow new TypeError('no');");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^gradbook run: n\.ipynb, code cell 1 of 1: TypeError: no\.\n\nTypeError: no\n {2}1 \| const a = 1;\n> 2 \| throw new TypeError\('no'\);\n {4}\| {7}\^\n\n {4}at Cell \[1\]:2:7\n$/m,
  );
  assert.equal(written, undefined);
});

test("gradbook run and report refuse an output that cannot be written, before anything runs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  try {
    const path = join(folder, "n.ipynb");
    await writeNotebook(path, { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] });
    await assert.rejects(command.run([path, "--out", folder]), {
      message: `${shownPath(folder)}: nothing can be written there (it is a folder). Choose another location with --out FILE.`,
    });
    await assert.rejects(
      command.run([path, "--out", join(path, "x.ipynb")]),
      /n\.ipynb is a file\)\. Choose another location with --out FILE/,
    );
    await assert.rejects(
      report.run([path, "--out", path]),
      /n\.ipynb is a file\)\. Choose another location with --out DIR/,
    );
    assert.deepEqual(await readdir(folder), ["n.ipynb"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  test(`a run that is ended by ${signal} leaves no kernel behind`, { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
    try {
      const source = "require('fs').writeFileSync('pid', String(process.pid)); for (;;);";
      const path = join(folder, "n.ipynb");
      const cell = {
        cell_type: "code",
        id: "a",
        metadata: {},
        source,
        execution_count: null,
        outputs: [],
      } as const;
      await writeNotebook(path, { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [cell] });
      const runner = spawn(process.execPath, [gradbook, "run", path], {
        stdio: "ignore",
        env: { ...process.env, TMPDIR: folder },
      });
      const ended = new Promise((resolve) => runner.once("exit", resolve));
      const pid = await waitFor(() =>
        Number(existsSync(join(folder, "pid")) && readFileSync(join(folder, "pid"))),
      );
      runner.kill(signal);
      await ended;
      await waitFor(() => !isAlive(pid));
      assert.deepEqual((await readdir(folder)).sort(), ["n.ipynb", "pid"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

/** Looks until there is something to see, half a minute at most. */
async function waitFor<T>(look: () => T): Promise<T> {
  for (let waited = 0; waited < 30_000; waited += 50) {
    const seen = look();
    if (seen) return seen;
    await sleep(50);
  }
  throw new Error(`waited in vain for ${look}`);
}

/** A killed process of a killed parent may stay listed as a zombie ("Z") until somebody asks for its end. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

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
  ["no notebook", [], "NOTEBOOK: no notebook given, expected one. See gradbook run --help."],
  ["two notebooks", ["a", "b"], "NOTEBOOK: 2 notebooks given, expected one. See gradbook run --help."],
  ["a time that is none", ["a", "--timeout", "soon"], '--timeout: "soon", expected seconds.'],
  ["a parameter without a value", ["a", "-p", "epochs"], '-p: "epochs", expected NAME=VALUE.'],
  ["a scale that is none", ["a", "--scale", "tiny"], '--scale: "tiny", expected quick or full.'],
] as const) {
  test(`refuses ${title}`, async () => {
    await assert.rejects(command.run(args), { name: "GradbookError", message });
  });
}

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeKernelSpec } from "#kernel/install.js";
import { prepareJupyter } from "#tools/notebook/jupyter.js";
import { root } from "./support/kernel.js";

const scripts = join(root, "tests/conformance");

/** Jupyter's own programs in .cache/conformance, made once. @returns its Python */
async function prepare(): Promise<string> {
  const venv = join(root, ".cache/conformance");
  const python = join(venv, "bin/python");
  const requirements = join(scripts, "requirements.txt");
  const stamp = join(venv, ".installed");
  const wanted = createHash("sha256").update(readFileSync(requirements)).digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return python;
  const { python: base } = await prepareJupyter(root, (text) => console.log(text));
  run(base, ["-m", "venv", "--clear", venv], root);
  run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements], root);
  writeFileSync(stamp, wanted);
  return python;
}

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: "utf8",
    timeout: 300_000,
  });
  assert.equal(error, undefined);
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout + stderr;
}

const python = await prepare();
const folder = mkdtempSync(join(tmpdir(), "gradbook-conformance-"));
writeKernelSpec(join(folder, "jupyter"), "gradbook");
const env: NodeJS.ProcessEnv = {
  JUPYTER_PATH: join(folder, "jupyter"),
  JUPYTER_DATA_DIR: join(folder, "data"),
  JUPYTER_CONFIG_DIR: join(folder, "config"),
  JUPYTER_RUNTIME_DIR: join(folder, "runtime"),
  JUPYTER_PLATFORM_DIRS: "1",
  IPYTHONDIR: join(folder, "ipython"),
  PYTHONPATH: join(root, "lib/kernel/papermill"),
  PYTHONDONTWRITEBYTECODE: "1",
};

for (const [name, fine] of Object.entries({
  kernel_test: /OK/,
  nbclient_test: /nbclient: fine/,
  console_test: /console: fine/,
  papermill_test: /papermill: fine/,
})) {
  test(`${name}.py`, { timeout: 300_000 }, () => {
    const work = join(folder, name);
    mkdirSync(work);
    const said = run(python, [join(scripts, `${name}.py`)], work, env);
    assert.match(said, fine);
    assert.doesNotMatch(said, /skipped/, "jupyter_kernel_test leaves out what a kernel does not claim");
  });
}

for (const lenient of [true, false]) {
  test(`nbconvert --execute${lenient ? " --allow-errors" : ""}`, { timeout: 300_000 }, () => {
    const work = join(folder, `nbconvert-${lenient}`);
    mkdirSync(work);
    const cells = ["let a = 1", ...(lenient ? ['throw new Error("x")'] : []), "a + 1"].map((source) => ({
      cell_type: "code",
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    }));
    const metadata = { kernelspec: { name: "gradbook", display_name: "x", language: "typescript" } };
    writeFileSync(
      join(work, "in.ipynb"),
      JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 4 }),
    );
    const options = [
      "--to",
      "notebook",
      "--execute",
      ...(lenient ? ["--allow-errors"] : []),
      "in.ipynb",
      "--output",
      "out.ipynb",
    ];
    run(python, ["-m", "nbconvert", ...options], work, env);
    const executed: { cells: { execution_count: number | null; outputs: { output_type: string }[] }[] } =
      JSON.parse(readFileSync(join(work, "out.ipynb"), "utf8"));
    const outputs = executed.cells.map((cell) => [
      cell.execution_count,
      ...cell.outputs.map((one) => one.output_type),
    ]);
    const failing = [[2, "error"]];
    assert.deepEqual(outputs, [[1], ...(lenient ? failing : []), [lenient ? 3 : 2, "execute_result"]]);
  });
}

test("no kernel is left when Jupyter's programs have ended", () => {
  rmSync(folder, { recursive: true });
  const { stdout } = spawnSync("ps", ["-A", "-o", "args="], { encoding: "utf8" });
  assert.deepEqual(
    stdout.split("\n").filter((line) => line.includes(folder)),
    [],
  );
});

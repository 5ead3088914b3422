import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { kernelSpecText } from "@gradbook/kernel/internal";
import { findKernel } from "./kernels.js";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "gradbook-test-"));
  try {
    await run(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function install(folder: string, name: string, kernel: string): Promise<void> {
  const at = join(folder, ".venv/share/jupyter/kernels", name);
  await mkdir(at, { recursive: true });
  await writeFile(join(at, "kernel.json"), kernel);
}

test("the names of tslab's kernels mean our own, in any spelling, from any folder", () =>
  withFolder(async (folder) => {
    for (const [name, options] of Object.entries({
      TSLab: " --loose",
      jslab: " --javascript",
      gradbook: "",
    })) {
      const spec = findKernel(name, folder);
      const command = `kernel/dist/bin.js --connection-file {connection_file}${options}`;
      assert.ok(spec.argv.join(" ").endsWith(command), spec.argv.join(" "));
      assert.deepEqual([spec.name, spec.interrupt_mode], [name.toLowerCase(), "message"]);
    }
  }));

test("stock-tslab is the npm package, with the guard", () =>
  withFolder(async (folder) => {
    const { argv, interrupt_mode } = findKernel("stock-tslab", folder);
    assert.match(argv.join(" "), /tslab-guard\.cjs \S+tslab kernel --config-path \{connection_file\}$/);
    assert.equal(interrupt_mode, "signal");
  }));

test("a kernel of the .venv above the notebook is found, with its variables and its way to be interrupted", () =>
  withFolder(async (folder) => {
    const json =
      '{"argv":["k","{resource_dir}/x","{connection_file}"],"display_name":"K","language":"k","env":{"A":"1"}}';
    await install(folder, "MyKernel", json.replace("{", '{"interrupt_mode":"message",'));
    const notebooks = join(folder, "notebooks/deep");
    await mkdir(notebooks, { recursive: true });
    const spec = findKernel("mykernel", notebooks);
    assert.deepEqual(spec, {
      name: "mykernel",
      display_name: "K",
      language: "k",
      argv: ["k", `${spec.origin}/x`, "{connection_file}"],
      env: { A: "1" },
      interrupt_mode: "message",
      metadata: {},
      origin: join(folder, ".venv/share/jupyter/kernels/MyKernel"),
    });
  }));

test("a tslab that somebody else installed gets the guard too", () =>
  withFolder(async (folder) => {
    await install(folder, "mine", '{"argv":["tslab","kernel","--config-path","{connection_file}"]}');
    assert.match(findKernel("mine", folder).env?.NODE_OPTIONS ?? "", /--require ".*tslab-guard\.cjs"$/);
  }));

test("a kernelspec is written as Jupyter reads it", () =>
  withFolder(async (folder) => {
    await install(folder, "copy", kernelSpecText({ ...findKernel("tslab", folder), argv: ["a"] }));
    const { argv, interrupt_mode, display_name } = findKernel("copy", folder);
    assert.deepEqual([argv, interrupt_mode, display_name], [["a"], "message", "TypeScript"]);
  }));

test("refuses a name that nobody has, naming the ones there are", () =>
  withFolder(async (folder) => {
    await install(folder, "mine", '{"argv":["x"]}');
    assert.throws(() => findKernel("julia-1.9", folder), {
      code: "kernel-unknown",
      message:
        /^kernel "julia-1.9": no kernel of this name, expected one of tslab, jslab, gradbook, stock-tslab, mine.*\. --kernel NAME/,
    });
  }));

test("refuses a kernelspec without a command", () =>
  withFolder(async (folder) => {
    await install(folder, "broken", "[]");
    assert.throws(() => findKernel("broken", folder), { message: /kernel\.json: there is no argv in it/ });
  }));

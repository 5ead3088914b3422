import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { kernelSpec } from "#lib/kernel/jupyter/kernelspec.js";
import { root, TestKernel } from "./support/kernel.js";

// The kernel as a package of its own: its rooms and what they import, and nothing else of gradbook is near.

const outside = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-alone-")));
after(() => rmSync(outside, { recursive: true, force: true }));

const home = join(outside, "node_modules/@gradbook/kernel");
for (const room of ["kernel", "errors", "files", "frontend"])
  cpSync(join(root, "lib/dist", room), join(home, "dist", room), { recursive: true });
const manifest = {
  name: "@gradbook/kernel",
  version: "1.2.3",
  type: "module",
  bin: { "gradbook-kernel": "dist/kernel/bin.js" },
  exports: "./dist/kernel/index.js",
};
writeFileSync(join(home, "package.json"), JSON.stringify(manifest));
for (const name of [
  "zeromq",
  "typescript",
  "esbuild",
  "acorn",
  "@sveltejs/acorn-typescript",
  "@types/node",
]) {
  const link = join(outside, "node_modules", name);
  mkdirSync(dirname(link), { recursive: true });
  const places = [join(root, "lib/node_modules", name), join(root, "node_modules", name)];
  symlinkSync(realpathSync(places.find((path) => canRead(path)) ?? name), link);
}

function canRead(path: string): boolean {
  try {
    return realpathSync(path) !== "";
  } catch {
    return false;
  }
}

const program = join(home, "dist/kernel/bin.js");
const call = (...args: string[]) =>
  spawnSync(process.execPath, [program, ...args], { cwd: outside, encoding: "utf8" });

test("install writes the kernel's own program, and uninstall takes it back", () => {
  const prefix = join(outside, "environment");
  const installed = call("install", "--prefix", prefix);
  const folder = join(prefix, "share/jupyter/kernels/gradbook");
  assert.equal(installed.stdout, `Kernel "gradbook" installed in ${folder}\n`, installed.stderr);
  const { argv } = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
  assert.deepEqual(argv.slice(-3), [program, "--connection-file", "{connection_file}"]);
  assert.equal(call("uninstall", "--prefix", prefix).stdout, `Kernel "gradbook" removed from ${folder}\n`);
  const again = call("uninstall", "--prefix", prefix);
  assert.deepEqual([again.status, again.stdout], [1, ""]);
  assert.match(again.stderr, /^gradbook-kernel: .*kernel\.json: there is no such file\./);
});

test("refuses an unknown option, two places, and to run without a connection file", () => {
  const unknown = call("install", "--usr");
  assert.equal(unknown.status, 2);
  assert.match(
    unknown.stderr,
    /^gradbook-kernel: Unknown option '--usr'[\s\S]*gradbook-kernel install \[--user/,
  );
  assert.match(
    call("uninstall", "--user", "--sys-prefix").stderr,
    /uninstall: two places, expected one of --user/,
  );
  assert.match(
    call().stderr,
    /--connection-file: missing, .*gradbook-kernel install makes Jupyter start it\./,
  );
  assert.match(call("--help").stdout, /gradbook-kernel uninstall/);
});

const embedding = join(outside, "embedding.mjs");
writeFileSync(
  embedding,
  'import { runKernel } from "@gradbook/kernel";\nawait runKernel({ connectionFile: process.argv[2] });\n',
);
const [node, option] = kernelSpec("gradbook").argv;
for (const [title, argv] of Object.entries({
  "as a command": [node, option, program, "--connection-file", "{connection_file}"],
  "embedded by runKernel": [node, option, embedding, "{connection_file}"],
})) {
  test(`a kernel ${title} runs, checks, prints, stops and ends without the library`, async () => {
    const kernel = await TestKernel.start({ argv, cwd: outside });
    try {
      const { banner } = (await kernel.request("shell", "kernel_info_request", {}).reply).content;
      assert.match(String(banner), /\(gradbook 1\.2\.3\)$/);
      assert.equal((await kernel.run("const x: number = 40; x + 2")).result, "42");
      assert.match((await kernel.run('const y: number = "a"')).traceback, /Type 'string' is not assignable/);
      assert.match(
        (await kernel.run('import { fit } from "gradbook"; fit')).traceback,
        /'gradbook'|"gradbook"/,
      );
      assert.equal((await kernel.run('import { join } from "node:path"; join("a", "b")')).result, "'a/b'");
      const loop = kernel.start('console.log("go"); while (true) {}');
      await loop.printed("go");
      await kernel.interrupt();
      assert.match((await loop.done).error ?? "", /Interrupted|terminated/);
    } finally {
      assert.equal(await kernel.shutdown(), 0);
    }
  });
}

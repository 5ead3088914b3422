import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import { TestKernel } from "./support/kernel.js";
import { install, packAll } from "./support/products.js";

// The kernel as a package of its own, installed in an empty folder: nothing else of gradbook is near.

const outside = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-alone-")));
after(() => rmSync(outside, { recursive: true, force: true }));

writeFileSync(join(outside, "package.json"), "{}");
await install("kernel", await packAll(outside), outside);

const program = join(outside, "node_modules/@gradbook/kernel/dist/bin.js");
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
      assert.match(String(banner), /\(gradbook 0\.1\.0\)$/);
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

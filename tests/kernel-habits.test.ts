import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import { type CellResult, TestKernel } from "./support/kernel.js";

// What people type who come from other kernels and languages: it does what is meant, or the error says how it is written here.

const folder = realpathSync(mkdtempSync(join(tmpdir(), "gradbook-test-")));
writeFileSync(join(folder, "hello.txt"), "hello\n");
let kernel: TestKernel;
before(async () => {
  kernel = await TestKernel.start({ cwd: folder });
});
after(async () => {
  await kernel.shutdown();
  rmSync(folder, { recursive: true });
});

const shown = ({ stdout, result, error }: CellResult) => stdout + (result ?? "") + (error ?? "");

for (const [code, expected] of [
  ["!cat hello.txt", /^hello\n$/],
  ["!echo one && echo two", /^one\ntwo\n$/],
  ["!echo one\n!echo two", /^one\ntwo\n$/],
  ["!cat nothere.txt", /cat nothere\.txt failed: exit code 1/],
  ["let ready = true; !ready", /^false$/],
  ["!ready", /^false$/],
  ["!true", /^false$/],
  ["!function () { return 0; }()", /^true$/],
  ["%pwd", /^'.*gradbook-test-/],
  ["%env GRADBOOK_HABIT=yes", /^'yes'$/],
  ["%env GRADBOOK_HABIT", /^'yes'$/],
  ["%%time\nconst three = 3;\nthree + 1", /^\d+(\.\d+)? m?s\n4$/],
  ["%time three + 2", /^\d+(\.\d+)? m?s\n5$/],
  ["%%time\n\nnothing.at.all", /line 3, column 1.*nothing/],
  ["%timeit Math.sqrt(2)", /a run \(median of 7 rounds of \d+, from .* to .*\)\n$/],
  ["%timeit await Promise.resolve()", /a run \(median of 7 rounds/],
  ["let rest = 7; rest\n% 4", /^3$/],
] as const)
  test(`does what is meant: ${JSON.stringify(code)}`, async () => {
    assert.match(shown(await kernel.run(code)), expected);
  });

test("%cd changes the folder of imports and files, and says it", async () => {
  assert.match(shown(await kernel.run("%cd /")), /^'\/'$/);
  assert.match(shown(await kernel.run(`%cd "${folder}"`)), /gradbook-test-/);
});

for (const [code, cure] of [
  ["print(3)", /Cannot find name 'print'.* console\.log\(x\) prints/],
  ["len([1, 2])", /list\.length is the number of elements/],
  ["True", /It is written true/],
  ["None", /It is written undefined, or null/],
  ["def f(x):\n    return x", /function name\(x: number\) \{ … \}/],
  ["if x > 3:\n    y()", /if \(x > 0\) \{ … \}/],
  ["elif x:", /else if/],
  ["for i in range(3):\n    print(i)", /for \(const x of list\)/],
  ["squares = [i * i for i in range(3)]", /list\.map/],
  ["import numpy as np", /import \* as name from "package"/],
  ["from math import sqrt", /import \{ name \} from "package"/],
  ["import math", /import name from "package"/],
  ["g = lambda x: x + 1", /\(x\) => x \+ 1/],
  ['f"{x}"', /between backquotes/],
  ["class A(B):\n    pass", /class Name extends Base/],
  ["try:\n    f()\nexcept ValueError:\n    pass", /try \{ … \} catch \(error\)/],
  ['raise ValueError("x")', /throw new Error/],
  ["pip install numpy", /!npm install PACKAGE installs a package/],
  ["npm install lodash", /with an exclamation mark/],
  ["# a comment", /A comment begins with \/\//],
  ["%matplotlib inline", /Of the magics of IPython %cd/],
] as const)
  test(`says how it is written: ${JSON.stringify(code)}`, async () => {
    const { error = "", traceback } = await kernel.run(code);
    assert.match(error, cure);
    const isSyntax = /not TypeScript|SyntaxError/.test(traceback);
    assert.equal(/@ts-nocheck/.test(traceback), !isSyntax, "what no comment cures is not offered it");
  });

test("TypeScript that looks like another language gets no advice", async () => {
  for (const code of ["let broken = ;", "const o = { a: 1,, };", "f(1;"]) {
    const { traceback, error = "" } = await kernel.run(code);
    assert.match(traceback, /The cell is not TypeScript, and did not run\.$/);
    assert.doesNotMatch(error, /\. [A-Z][^(]*\.$/);
  }
});

test("a cell that throws within groups of the console leaves no indent; groups that stay open on purpose do", async () => {
  await kernel.run('console.group("a"); console.group("b"); throw new Error("e")');
  assert.equal((await kernel.run('console.log("flush left")')).stdout, "flush left\n");
  await kernel.run('console.group("kept")');
  assert.equal((await kernel.run('console.log("inside"); console.groupEnd()')).stdout, "  inside\n");
});

test("an object of 200,000 keys is cut to a page, and the rest is counted", async () => {
  const { result = "" } = await kernel.run(
    'const big: Record<string, number> = {}; for (let i = 0; i < 200_000; i++) big["k" + i] = i; big',
  );
  assert.ok(result.length < 70_000, `${result.length}`);
  assert.match(result, /\n… [\d,]+ more characters; console\.log prints them\.$/);
});

test("under the name tslab types are checked as tslab does, not strictly; mistakes are still refused", async () => {
  const loose = await TestKernel.start({ argv: kernelSpec("tslab").argv, cwd: folder });
  for (const code of [
    "async function train(epochs, batchSize) { return epochs }",
    "let s: string = null; s",
    "const m = 'abc'.match(/b/); m.index",
    "try { throw new Error('x') } catch (e) { console.log(e.message) }",
    "class PP { abc: number; }; new PP()",
    "function ff() { return this }; typeof ff",
    "const oo = {a:1}; const kk: string = 'a'; oo[kk]",
    "{ let obj = {x: null}; console.log(obj?.x?.z) }",
  ])
    assert.equal((await loose.run(code)).error, undefined, code);
  assert.match((await loose.run("let n: number = 'x'")).error ?? "", /TS2322/);
  assert.equal(await loose.shutdown(), 0);
});

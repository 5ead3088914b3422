// The doctor's verdict is made outside of the process with the examined code: whatever that code does to its own
// process, a wrong file does not become correct, and nothing crashes.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Diagnosis } from "@gradbook/doctor";
import { examineFile } from "@gradbook/doctor/internal";

const scratch = mkdtempSync(join(tmpdir(), "gradbook-outside-"));
after(() => rmSync(scratch, { recursive: true }));
const fixtures = fileURLToPath(new URL("../fixtures/doctor", import.meta.url));
const gradbook = fileURLToPath(new URL("../../lib/gradbook/gradbook.mjs", import.meta.url));

const wrongRelu = `export function relu_forward(x) { HERE return x.map((v) => Math.max(0, v)); }
export function relu_backward(dy, x) { return dy.map((g, i) => g * 2 * (x[i] > 0 ? 1 : 0)); }
`;
const rightRelu = wrongRelu.replace("g * 2", "g");

const written = (name: string, code: string): string => {
  const path = join(scratch, name);
  writeFileSync(path, code);
  return path;
};
const said = (d: Diagnosis) => String(d);

const verdictLines = JSON.stringify({ type: "examined", examination: { verdict: "correct", findings: [] } });
const toEveryDescriptor = `
  for (let fd = 0; fd < 10; fd++) { try { fs.writeSync(fd, ${JSON.stringify(`${verdictLines}\n{"type":"done"}\n`)}); } catch {} }`;

/** What a file does at its end, and in each call of forward; which verdicts that may lead to. */
const attempts: readonly (readonly [title: string, end: string, here: string, ...verdicts: string[]])[] = [
  ["nothing else", "", "", "wrong"],
  ["Math.abs is 0", "Math.abs = () => 0; Number.isNaN = () => false;", "", "wrong"],
  [
    "Array.prototype.map gives itself",
    "Array.prototype.some = () => false; Array.prototype.every = () => true; Array.prototype.push = () => 0;",
    "",
    "wrong",
  ],
  [
    "JSON writes a verdict",
    `JSON.stringify = () => ${JSON.stringify(verdictLines)}; JSON.parse = () => ({});`,
    "",
    "wrong",
  ],
  ["Object.prototype.toJSON", 'Object.prototype.toJSON = () => ({ verdict: "correct" });', "", "wrong"],
  [
    "the maps and views are replaced",
    "Map.prototype.get = () => undefined; WeakMap.prototype.get = () => undefined; Reflect.apply = () => 0; Reflect.ownKeys = () => []; DataView.prototype.setFloat64 = () => {}; Uint8Array.prototype.set = () => {}; Uint8Array.prototype.subarray = () => null; String.prototype.charCodeAt = () => 65; Function.prototype.call = () => 0; Function.prototype.apply = () => 0; Function.prototype.toString = () => '';",
    "",
    "wrong",
  ],
  [
    "iterators are replaced",
    "Array.prototype[Symbol.iterator] = function* () {}; Map.prototype[Symbol.iterator] = function* () {};",
    "",
    "wrong",
  ],
  [
    "prototype pollution",
    "Object.prototype.get = () => 1; Object.prototype.verdict = 'correct'; Object.prototype.value = 1; Object.prototype.findings = [];",
    "",
    "wrong",
  ],
  [
    "globalThis is emptied",
    "for (const k of ['Object','Array','Float64Array','Uint8Array','ArrayBuffer','Map','Reflect','Error','JSON','process','Buffer']) globalThis[k] = undefined;",
    "",
    "wrong",
  ],
  [
    "fs is replaced",
    "fs.writeSync = () => 0; fs.readSync = () => 0; process.reallyExit = () => {};",
    "",
    "wrong",
  ],
  ["verdicts on every descriptor, at the end", toEveryDescriptor, "", "wrong", "unsure"],
  ["verdicts on every descriptor, in a call", "", toEveryDescriptor, "wrong", "unsure"],
  ["the end of the process in a call", "", "process.exit(0);", "wrong"],
  ["kills itself", "", "process.kill(process.pid, 'SIGKILL');", "unsure"],
  ["sends a verdict", "process.send?.({ type: 'done' });", "", "wrong"],
  [
    "timers",
    "setTimeout(() => process.exit(0), 0); setInterval(() => { throw new Error('boom'); }, 1);",
    "",
    "wrong",
    "unsure",
  ],
  [
    "handlers of the process",
    "process.on('exit', () => { process.exitCode = 0; }); process.on('uncaughtException', () => {}); Promise.reject(1).catch(() => {});",
    "",
    "wrong",
  ],
  [
    "an exported getter that throws",
    "export const odd = { get forward() { throw new Error('no'); }, get spec() { throw new Error('no'); } };",
    "",
    "wrong",
    "unsure",
  ],
  [
    "an exported Proxy whose traps throw",
    "export const odd = new Proxy({}, { get() { throw 1; }, ownKeys() { throw 1; }, getPrototypeOf() { throw 1; }, getOwnPropertyDescriptor() { throw 1; } });",
    "",
    "wrong",
  ],
  ["a flood on stdout", "", "for (let i = 0; i < 50; i++) fs.writeSync(1, 'x'.repeat(10000));", "wrong"],
  ["an answer of 100 MB", "", "if (x.length > 1) return new Float64Array(2e7);", "wrong", "unsure"],
  [
    "a thread that writes",
    "new Worker(`const fs = require('fs'); for (let fd = 3; fd < 6; fd++) try { fs.writeSync(fd, 'hello hello hello hello hello') } catch {}`, { eval: true });",
    "",
    "wrong",
    "unsure",
  ],
];
for (const [title, end, here, ...verdicts] of attempts) {
  test(`a wrong file is not correct: ${title}`, async () => {
    const name = `${title.replace(/\W+/g, "-")}.mjs`;
    const head = 'import fs from "node:fs"; import { Worker } from "node:worker_threads";\n';
    const path = written(name, `${head}${wrongRelu.replace("HERE", () => here)}\n${end}\n`);
    const d = await examineFile(path);
    assert.ok(verdicts.includes(d.verdict), said(d));
    assert.doesNotMatch(said(d), /the doctor itself failed|Please report/);
    if (d.verdict === "wrong" && !here.includes("process.exit"))
      assert.deepEqual(
        d.findings.map((f) => f.tensor),
        ["dx"],
      );
  });
}

const oddities: readonly (readonly [title: string, code: string])[] = [
  [
    "polyfills",
    "Array.prototype.last = function () { return this[this.length - 1]; }; Math.sum = (a) => a; Object.prototype.tap = function () { return this; };",
  ],
  ["a JSON of its own", "JSON.stringify = () => 'no'; Math.abs = () => 0;"],
  ["output", "console.log('hello'); console.error('hello');"],
  ["a timer and a handler", "setTimeout(() => {}, 1e6); process.on('exit', () => {});"],
];
for (const [title, code] of oddities) {
  test(`a correct file stays correct with ${title}`, async () => {
    const path = written(
      `odd-${title.replace(/\W+/g, "-")}.mjs`,
      `${rightRelu.replace("HERE", "")}${code}\n`,
    );
    const d = await examineFile(path);
    assert.equal(d.verdict, "correct", said(d));
  });
}

test("bytes on the line between the processes are no verdict and no crash of the command", () => {
  const path = written(
    "garbage.mjs",
    `import fs from "node:fs";\n${wrongRelu.replace("HERE", "")}\nfs.writeSync(4, "no json\\n".repeat(9));\n`,
  );
  const { status, stderr, stdout } = spawnSync(process.execPath, [gradbook, "doctor", path], {
    encoding: "utf8",
  });
  assert.equal(status, 2, stdout);
  assert.equal(stderr, "");
  assert.match(stdout, /writes on the line on which the doctor asks its questions/);
});

test("a call of the command without a file is no verdict", () => {
  assert.equal(spawnSync(process.execPath, [gradbook, "doctor"]).status, 64);
  assert.equal(spawnSync(process.execPath, [gradbook, "doctor", "--nonsense"]).status, 64);
});

test("a call that waits without computing is not blamed for it", async () => {
  const path = written(
    "waits.mjs",
    wrongRelu.replace("HERE", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);"),
  );
  const d = await examineFile(path, { timeoutMs: 300 });
  assert.equal(d.verdict, "unsure", said(d));
  assert.match(said(d), /does not compute either/);
});

test("a call that computes and never ends is a finding", async () => {
  const d = await examineFile(written("loops.mjs", wrongRelu.replace("HERE", "for (;;);")), {
    timeoutMs: 500,
  });
  assert.equal(d.verdict, "wrong", said(d));
  assert.match(d.findings[0].mistake, /forward never ends/);
});

test("what fills the memory is a finding", async () => {
  const d = await examineFile(
    written(
      "fills.mjs",
      wrongRelu.replace("HERE", "const a = []; for (;;) a.push(new Array(1000).fill({}));"),
    ),
  );
  assert.equal(d.verdict, "wrong", said(d));
  assert.match(d.findings[0].mistake, /forward uses up all memory/);
});

const handedBack = `
class Cache { #x; constructor(x) { this.#x = x; } get x() { return this.#x; } }
const seen = new WeakMap();
export function relu_forward(x) {
  const cache = new Cache(x);
  seen.set(cache, x);
  return { y: x.map((v) => Math.max(0, v)), cache };
}
export function relu_backward(dy, cache) {
  if (seen.get(cache) !== cache.x) throw new Error("another object");
  return dy.map((g, i) => (cache.x[i] > 0 ? g : 0));
}`;
test("an object that comes back is the same one", async () => {
  const d = await examineFile(written("relu-cache.mjs", handedBack));
  assert.equal(d.verdict, "correct", said(d));
});

test("a change of an argument in place is seen", async () => {
  const code = rightRelu.replace("HERE", "").replace("return dy.map(", "dy[0] += 1; return dy.map(");
  const d = await examineFile(written("relu-changes.mjs", code));
  assert.match(said(d), /changes its argument dy/);
});

const step = `export function trainStep(model, x, labels, lr, loss) {
  const y = model.forward(x);
  model.zeroGradients();
  model.backward(loss.gradient(y, labels));
  for (const { parameter } of model.parameters)
    for (let i = 0; i < parameter.value.size; i++) parameter.value.data[i] -= lr * parameter.grad.data[i];
}`;
test("a training step gets the doctor's own model, whose calls come back", async () => {
  const right = await examineFile(written("step.mjs", step));
  assert.equal(right.verdict, "correct", said(right));
  const up = await examineFile(written("step-up.mjs", step.replace("-= lr", "+= lr")));
  assert.match(said(up), /the sign is wrong: the weights go up the gradient/);
});

test("an error names the line of the file itself", async () => {
  const d = await examineFile(
    written(
      "relu-throws.ts",
      rightRelu.replace("HERE", "\n\n  missing();\n").replaceAll("(x)", "(x: number[])"),
    ),
  );
  assert.equal(d.verdict, "wrong", said(d));
  assert.match(said(d), /ReferenceError: missing is not defined \(relu-throws\.ts, line 3\)/);
});

test("eight examinations at once say what each says alone", async () => {
  const files = ["linear-functions.cjs", "conv-flat.ts", "dropout-random.mjs", "strangers/35-bn-lime.mjs"];
  const wrong = readFileSync(join(fixtures, "losses.ts"), "utf8").replace("return d / N;", "return -d / N;");
  const paths = [...files.map((f) => join(fixtures, f)), written("losses-sign.ts", wrong)];
  const alone: string[] = [];
  for (const path of paths) alone.push(said(await examineFile(path)));
  const eight = Array.from({ length: 8 }, (_, i) => i % paths.length);
  const together = await Promise.all(eight.map((i) => examineFile(paths[i])));
  for (const [at, i] of eight.entries()) assert.equal(said(together[at]), alone[i]);
});

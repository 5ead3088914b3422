import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type CellResult, pause, TestKernel } from "./support/kernel.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-output-"));
writeFileSync(
  join(folder, "worker.mjs"),
  "console.log('from a worker'); process.stdout.write('raw\\n'); console.error('its error');",
);
const kernel = await TestKernel.start({ cwd: folder, env: { GRADBOOK_OUTPUT_LIMIT: "2" } });

async function run(code: string): Promise<CellResult> {
  const result = await kernel.run(code);
  assert.equal(result.error, undefined, `${code}\n${result.traceback}`);
  return result;
}

test("stdout and stderr in the order in which they were printed", async () => {
  const { messages } = await run(
    'console.log("a"); console.error("b"); process.stdout.write("c"); console.log("d")',
  );
  const streams = messages
    .filter(({ type }) => type === "stream")
    .map(({ content }) => [content.name, content.text]);
  assert.deepEqual(streams, [
    ["stdout", "a\n"],
    ["stderr", "b\n"],
    ["stdout", "cd\n"],
  ]);
});

test("100,000 lines arrive complete and in order", async () => {
  const { stdout } = await run('for (let i = 0; i < 100_000; i++) console.log("line " + i)');
  assert.equal(stdout, Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join(""));
});

test("texts longer than the memory for them, with characters of every length", async () => {
  const { stdout } = await run(
    'const long = "aé€😀".repeat(200_000).slice(0, 300_000); process.stdout.write(long); long.length',
  );
  assert.equal(stdout, "aé€😀".repeat(200_000).slice(0, 300_000));
});

test("a character that is cut in two by the cell's own chunks", async () => {
  const { stdout } = await run(
    'const euro = Buffer.from("€"); process.stdout.write(euro.subarray(0, 1)); process.stdout.write(euro.subarray(1)); 0',
  );
  assert.equal(stdout, "€");
});

test("output arrives while a loop runs", async () => {
  const running = kernel.start(
    'console.log("before"); const end = Date.now() + 2000; while (Date.now() < end) {} console.log("after")',
  );
  await running.printed("before");
  assert.ok(!kernel.heard.some(({ content }) => String(content.text).includes("after")));
  await running.done;
});

test("console.group, table, dir, assert, count", async () => {
  const { stdout, stderr } = await run(
    'console.group("g"); console.log("in\\nside"); console.groupEnd(); console.log("out %d", 5); console.table([{ a: 1 }]); console.dir({ b: 2 }); console.assert(false, "no"); console.count()',
  );
  assert.match(stdout, /^g\n {2}in\n {2}side\nout 5\n/);
  assert.match(stdout, /│ +0 +│ 1 │/);
  assert.match(stdout, /\{ b: 2 \}\ndefault: 1\n$/);
  assert.equal(stderr, "Assertion failed: no\n");
});

test("writing to descriptors 1 and 2", async () => {
  const { stdout, stderr } = await run(
    'import fs from "node:fs"; fs.writeSync(1, "one"); fs.writeSync(2, Buffer.from("two")); 0',
  );
  assert.equal(stdout, "one");
  assert.equal(stderr, "two");
});

for (const [code, expected, value] of [
  ["(fs as any).writeSync(1, Buffer.from('abcd'), { offset: 1, length: 2 })", "bc", "2"],
  ["fs.writeSync(1, Buffer.from('abcd'), 1, 2)", "bc", "2"],
  ["fs.writeSync(1, new Uint16Array([0x6261, 0x6463]))", "abcd", "4"],
  ["fs.writeSync(1, '4142', null, 'hex')", "AB", "2"],
  [
    "const euro = Buffer.from('€'); [fs.writeSync(1, euro.subarray(0, 2)), fs.writeSync(1, euro, 2)]",
    "€",
    "[ 2, 1 ]",
  ],
  ["fs.writevSync(1, [Buffer.from('a'), Buffer.from('b')])", "ab", "2"],
  ["fs.writeFileSync(1, 'file'); fs.appendFileSync(1, Buffer.from('s'))", "files", undefined],
  ["await new Promise((done) => fs.write(1, 'later', (_, count) => done(count)))", "later", "5"],
  ["await new Promise((done) => fs.writev(1, [Buffer.from('v')], (_, count) => done(count)))", "v", "1"],
  ["await new Promise<void>((done) => fs.writeFile(1, 'whole', () => done()))", "whole", undefined],
  ["(await promisify(fs.write)(1, Buffer.from('p'))).bytesWritten", "p", "1"],
  [
    "const before = fs.fstatSync(1).ino; const file = fs.createWriteStream('', { fd: 1 }); file.write('a'); file.end('b'); await once(file, 'close'); fs.closeSync(1); fs.fstatSync(1).ino === before",
    "ab",
    "true",
  ],
] as const) {
  test(`descriptor 1: ${code}`, async () => {
    const { stdout, result } = await run(
      `import fs from "node:fs"; import { once } from "node:events"; import { promisify } from "node:util"; ${code}`,
    );
    assert.deepEqual([stdout, result], [expected, value]);
  });
}

test("what is no text and no bytes is not written to a descriptor", async () => {
  assert.match(
    (await kernel.run("fs.writeSync(1, { a: 1 } as any)")).error ?? "",
    /^TypeError: .*\{ a: 1 \}/,
  );
});

for (const [code, expected] of [
  [
    "process.stderr.end(); await new Response('w').body!.pipeTo(callbacks.Writable.toWeb(process.stdout))",
    "w",
  ],
  ["await pipeline(Readable.from(['a', 'b']), process.stdout)", "ab"],
  ["await new Promise((done) => callbacks.pipeline(Readable.from(['a']), process.stdout, done))", "a"],
  ["await new Promise<void>((done) => process.stdout.end('end', done))", "end"],
  [
    "process.stdout.cork(); process.stdout.write('corked'); process.stdout.end(); await finished(process.stdout)",
    "corked",
  ],
  ["process.stdout.destroy(); process.stderr.destroy(new Error('e')); 0", ""],
  ["await pipeline(async function* () { yield 'a'; throw 1 }, process.stdout).catch(() => 0)", "a"],
]) {
  test(`stdout is open after ${code}`, async () => {
    const { stdout } = await run(
      `import callbacks, { Readable } from "node:stream"; import { finished, pipeline } from "node:stream/promises"; ${code}`,
    );
    assert.equal(stdout, expected);
    const after = await run("process.stdout.write('out'); process.stderr.write('error'); 0");
    assert.deepEqual([after.stdout, after.stderr], ["out", "error"]);
  });
}

test("a child process that inherits its output, between lines of the cell", async () => {
  const { stdout, stderr } = await run(
    'import { spawnSync } from "node:child_process"; console.log("1"); spawnSync("sh", ["-c", "echo 2; echo e >&2"], { stdio: "inherit" }); console.log("3"); 0',
  );
  assert.equal(stdout, "1\n2\n3\n");
  assert.equal(stderr, "e\n");
});

test("a child's output arrives while main is in a loop", async () => {
  const running = kernel.start(
    'import { spawn } from "node:child_process"; spawn("sh", ["-c", "sleep 0.3; echo child"], { stdio: "inherit" }); const until = Date.now() + 3000; while (Date.now() < until) {} console.log("loop over")',
  );
  await running.printed("child");
  const { stdout } = await running.done;
  assert.equal(stdout, "child\nloop over\n");
});

test("more than a pipe holds, from a child", async () => {
  const { stdout } = await run(
    'import { spawnSync } from "node:child_process"; spawnSync("seq", ["200000"], { stdio: ["ignore", "inherit", "inherit"] }).status',
  );
  assert.equal(stdout.length, Array.from({ length: 200_000 }, (_, i) => `${i + 1}\n`).join("").length);
});

test("output that a cell reads itself is its own", async () => {
  const { stdout, result } = await run(
    'import { execSync } from "node:child_process"; execSync("echo mine").toString()',
  );
  assert.equal(stdout, "");
  assert.equal(result, "'mine\\n'");
});

test("worker threads print while main waits for them", async () => {
  const { stdout, stderr } = await run(
    'import { Worker } from "node:worker_threads"; new Worker("./worker.mjs"); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)',
  );
  assert.equal(stdout, "from a worker\nraw\n");
  assert.equal(stderr, "its error\n");
});

test("late output belongs to the cell that started it", async () => {
  const first = kernel.start(
    'setTimeout(() => console.log("timer"), 60); Promise.resolve().then(() => new Promise((r) => setTimeout(r, 80))).then(() => console.log("then")); (async () => { await new Promise((r) => setTimeout(r, 100)); console.log("await") })(); 0',
  );
  await first.done;
  const { stdout } = await run('await new Promise((r) => setTimeout(r, 250)); console.log("mine")');
  assert.equal(stdout, "mine\n");
  for (const text of ["timer", "then", "await"]) await first.printed(text);
});

test("listeners print as the cell that registered them", async () => {
  const first = kernel.start(
    'import { EventEmitter } from "node:events"; const bell = new EventEmitter(); const ring = () => console.log("rung"); bell.on("ring", ring); bell.once("ring", () => console.log("once")); 0',
  );
  await first.done;
  const { stdout, result } = await run('bell.emit("ring"); bell.off("ring", ring); bell.emit("ring")');
  assert.equal(stdout, "");
  assert.equal(result, "false");
  await first.printed("rung\nonce");
});

test("console.clear() clears the cell's output", async () => {
  const { messages } = await run('console.log("old"); console.clear(); console.log("new")');
  const told = messages.filter(({ type }) => type === "stream" || type === "clear_output");
  assert.deepEqual(
    told.map(({ content }) => content),
    [{ name: "stdout", text: "old\n" }, { wait: false }, { name: "stdout", text: "new\n" }],
  );
});

test("MIME bundles, updates and clearing", async () => {
  const { messages } = await run(`
    const publish = (globalThis as any)[Symbol.for("Jupyter.publish")];
    publish({ data: { "text/plain": "first" }, displayId: "d1" });
    publish({ data: { "text/plain": "second" }, displayId: "d1", update: true });
    publish({ data: { "image/png": new Uint8Array([1, 2, 3]) }, metadata: { "image/png": { width: 5 } }, clear: true });
  `);
  const shown = messages
    .filter(({ type }) => /display|clear/.test(type))
    .map(({ type, content }) => [type, content]);
  assert.deepEqual(shown, [
    ["display_data", { data: { "text/plain": "first" }, metadata: {}, transient: { display_id: "d1" } }],
    [
      "update_display_data",
      { data: { "text/plain": "second" }, metadata: {}, transient: { display_id: "d1" } },
    ],
    ["clear_output", { wait: true }],
    [
      "display_data",
      { data: { "image/png": "AQID" }, metadata: { "image/png": { width: 5 } }, transient: {} },
    ],
  ]);
});

for (const [what, data] of Object.entries({
  "a circle": "(() => { const circle: any = {}; circle.me = circle; return circle })()",
  "a BigInt": "{ n: 1n }",
  "a function": "() => 1",
})) {
  test(`${what} in a bundle of JSON is refused in its cell`, async () => {
    const { error } = await kernel.run(
      `(globalThis as any)[Symbol.for("Jupyter.publish")]({ data: { "application/json": ${data} } })`,
    );
    assert.match(error ?? "", /^TypeError: The MIME bundle's "application\/json" is not JSON: /);
    assert.equal((await run("1")).result, "1");
  });
}

test("the public API of tslab", async () => {
  const { messages } = await run(`
    import * as tslab from "tslab";
    tslab.display.html("h"); tslab.display.svg("s"); tslab.display.png(new Uint8Array([1])); tslab.display.jpeg(new Uint8Array([2]));
    tslab.display.gif(new Uint8Array([3])); tslab.display.pdf(new Uint8Array([4])); tslab.display.latex("l"); tslab.display.markdown("m");
    tslab.display.javascript("j"); tslab.display.text("t"); tslab.display.raw("x/y", "r");
    const place = tslab.newDisplay(); place.text("1"); place.text("2");
  `);
  const shown = messages.filter(({ type }) => /display/.test(type));
  assert.deepEqual(
    shown.map(({ content }) => content.data),
    [
      { "text/html": "h" },
      { "image/svg+xml": "s" },
      { "image/png": "AQ==" },
      { "image/jpeg": "Ag==" },
      { "image/gif": "Aw==" },
      { "application/pdf": "BA==" },
      { "text/latex": "l" },
      { "text/markdown": "m" },
      { "text/javascript": "j" },
      { "text/plain": "t" },
      { "x/y": "r" },
      { "text/plain": "1" },
      { "text/plain": "2" },
    ],
  );
  assert.deepEqual(
    shown.slice(-2).map(({ type }) => type),
    ["display_data", "update_display_data"],
  );
});

test("output beyond the limit is cut with a notice, and the next cell prints again", async () => {
  const { stdout, stderr } = await run(
    'for (let i = 0; i < 4; i++) console.log("x".repeat(1024 * 1024)); "end"',
  );
  assert.ok(stdout.length > 1024 * 1024 && stdout.length <= 2 * 1024 * 1024, `${stdout.length} characters`);
  assert.match(stderr, /The output of this cell is longer than 2 MiB; the rest is cut/);
  assert.equal((await run('console.log("again")')).stdout, "again\n");
});

test("an endless loop of prints is stopped and does not fill the memory", async () => {
  const running = kernel.start('for (;;) console.log("spam".repeat(100))');
  await running.printed("spam");
  await pause(300);
  await kernel.interrupt();
  assert.equal((await running.done).reply.ename, "Interrupted");
  assert.equal((await run("1")).result, "1");
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
  rmSync(folder, { recursive: true });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom, malformedMessage } from "./support/fuzz.js";
import { pause, TestKernel } from "./support/kernel.js";

const kernel = await TestKernel.start();

async function ask(type: string, content: object): Promise<Record<string, unknown>> {
  return (await kernel.request("shell", type, { ...content }).reply).content;
}

async function complete(code: string): Promise<string[]> {
  const { matches } = await ask("complete_request", { code, cursor_pos: [...code].length });
  assert.ok(Array.isArray(matches));
  return matches;
}

test("kernel_info", async () => {
  const info = await ask("kernel_info_request", {});
  assert.equal(info.protocol_version, "5.4");
  assert.equal(info.status, "ok");
  const language = info.language_info as Record<string, unknown>;
  assert.equal(language.name, "typescript");
  assert.equal(language.file_extension, ".ts");
  assert.match(String(language.version), /^\d+\.\d+\.\d+$/);
});

test("a cell is busy, echoed, answered, idle", async () => {
  const running = kernel.start("40 + 2");
  const { parentId } = await running.seen(() => true);
  assert.equal((await running.done).status, "ok");
  const mine = kernel.heard.filter((message) => message.parentId === parentId);
  const said = mine.map(({ type, content }) => content.execution_state ?? type);
  assert.deepEqual(said, ["busy", "execute_input", "execute_result", "idle"]);
});

test("a silent cell says nothing and does not count", async () => {
  const count = Number((await kernel.run("1")).reply.execution_count);
  const { messages, reply } = await kernel.run("2", { silent: true, store_history: false });
  assert.deepEqual(messages, []);
  assert.equal(reply.status, "ok");
  assert.equal((await kernel.run("3")).reply.execution_count, count + 1);
});

test("user_expressions", async () => {
  const { reply } = await kernel.run("let asked = 20", {
    user_expressions: { double: "asked * 2", broken: "notDefinedAnywhere", odd: "1 +" },
  });
  const { double, broken, odd } = reply.user_expressions as Record<string, Record<string, unknown>>;
  assert.deepEqual(double, { status: "ok", data: { "text/plain": "40" }, metadata: {} });
  assert.equal(broken.ename, "ReferenceError");
  assert.equal(odd.ename, "SyntaxError");
});

test("user_expressions see the cell's own names in the place of globals", async () => {
  const { reply } = await kernel.run("const URL = 'mine'", { user_expressions: { url: "URL" } });
  const { url } = reply.user_expressions as Record<string, Record<string, unknown>>;
  assert.deepEqual(url.data, { "text/plain": "'mine'" });
});

test("a request of an extension that is not there is answered, and nobody waits", async () => {
  for (const channel of ["shell", "control"] as const) {
    const { content } = await kernel.request(channel, "create_subshell_request", {}).reply;
    assert.equal(content.status, "error");
    assert.equal(content.evalue, "This kernel does not support create_subshell_request.");
  }
  const { content } = await kernel.request("shell", "history_request", { hist_access_type: "all" }).reply;
  assert.equal(content.evalue, 'hist_access_type is "all", expected "range", "tail" or "search".');
});

test("metadata that are none are refused, not dropped", async () => {
  const publish = (metadata: string): string =>
    `(globalThis as any)[Symbol.for("Jupyter.publish")]({ data: { "text/plain": "x" }, metadata: ${metadata} })`;
  for (const metadata of ["5", "[1]", '"text"', "null"])
    assert.match(
      (await kernel.run(publish(metadata))).error ?? "",
      /^TypeError: The metadata of an output is .*, expected an object\.$/,
    );
  assert.equal((await kernel.run(publish("{ isolated: true }"))).error, undefined);
});

test("an error gives up what is queued behind it, and nothing later", async () => {
  const first = kernel.start(
    'await new Promise((resolve) => setTimeout(resolve, 50)); throw new Error("stop")',
  );
  const queued = [
    kernel.start("1"),
    kernel.start("2", { store_history: false }),
    kernel.start("3", { silent: true }),
  ];
  const failed = await first.done;
  assert.equal(failed.status, "error");
  for (const one of queued) {
    const { reply, messages } = await one.done;
    assert.deepEqual(reply, { status: "aborted" }, "no count, as if it had run");
    assert.deepEqual(messages, []);
  }
  const next = await kernel.run("5");
  assert.equal(next.result, "5");
  assert.equal(next.reply.execution_count, Number(failed.reply.execution_count) + 1);
});

test("with stop_on_error false the queue goes on", async () => {
  const first = kernel.start('throw new Error("go on")', { stop_on_error: false });
  const second = kernel.start("6", { stop_on_error: false });
  assert.equal((await first.done).status, "error");
  assert.equal((await second.done).result, "6");
});

test("completion of members, names of cells, globals, imports and paths", async () => {
  await kernel.run("const fancyName = { alpha: 1, beta: 'x' }");
  assert.deepEqual(await complete("fancyName."), ["alpha", "beta"]);
  assert.deepEqual(await complete("fancyName.beta.toUpp"), ["toUpperCase"]);
  assert.deepEqual(await complete("fancyN"), ["fancyName"]);
  assert.ok((await complete("pars")).includes("parseInt"));
  const braces = await ask("complete_request", {
    code: 'import { readFileS } from "node:fs"',
    cursor_pos: 18,
  });
  assert.deepEqual(braces.matches, ["readFileSync"]);
  assert.ok((await complete('import fs from "node:f')).includes("node:fs"));
  assert.deepEqual(await complete('import x from "./lib/kern'), ["kernel"]);
  const unicode = "const é = '😀'; é.toLow";
  const { matches, cursor_start, cursor_end } = await ask("complete_request", {
    code: unicode,
    cursor_pos: [...unicode].length,
  });
  assert.deepEqual(matches, ["toLowerCase"]);
  assert.deepEqual([cursor_start, cursor_end], [17, 22], "counted in characters, not in UTF-16 units");
});

/** What the matches at ▮ make of the code. */
async function completed(marked: string): Promise<string[]> {
  const [before, after] = marked.split("▮");
  const { matches, cursor_start } = await ask("complete_request", {
    code: before + after,
    cursor_pos: [...before].length,
  });
  const kept = [...before].slice(0, Number(cursor_start)).join("");
  return (matches as string[]).map((match) => kept + match + after);
}

const completions: Readonly<Record<string, readonly string[]>> = {
  "`v=${odd.▮": ["`v=${odd.alpha", '`v=${odd["be-ta"]'],
  "/* it's */ odd.al▮": ["/* it's */ odd.alpha"],
  "/'/.test(odd.al▮": ["/'/.test(odd.alpha"],
  "`it's ${`${odd.al▮": ["`it's ${`${odd.alpha"],
  "// odd.▮": [],
  "'odd.▮'": [],
  "odd['▮": ["odd['alpha", "odd['be-ta"],
  "odd.▮": ["odd.alpha", 'odd["be-ta"]'],
  "'😀', odd.be▮": ["'😀', odd[\"be-ta\"]"],
  "let s = 1;\nodd?.▮": ["let s = 1;\nodd?.alpha", 'let s = 1;\nodd?.["be-ta"]'],
  "perhaps.▮": ["perhaps?.beta"],
  "perhaps?.▮": ["perhaps?.beta"],
  "const { alpha, ▮ } = odd": ['const { alpha, "be-ta" } = odd'],
  "import { writeFileS▮ } from 'node:fs'": ["import { writeFileSync } from 'node:fs'"],
  "import { ▮ } from 'tslab'": ["Display", "display", "newDisplay", "versions", "type"].map(
    (name) => `import { ${name} } from 'tslab'`,
  ),
  "takes({ ▮": ["takes({ only"],
  "later.▮": ["later.catch", "later.finally", "later.then"],
};

test("completion inserts what is right at its place", async () => {
  await kernel.run(
    "const odd = { alpha: 1, 'be-ta': 2 }; let perhaps: { beta: number } | undefined; const later = Promise.resolve(1); function takes(_: { only: 1 }) {}",
  );
  for (const [marked, wanted] of Object.entries(completions))
    assert.deepEqual(await completed(marked), wanted, marked);
});

test("completion of paths leaves the kernel's own files out", async () => {
  const matches = await complete('import x from "./');
  assert.ok(matches.includes("lib"), matches.join());
  assert.deepEqual(
    matches.filter((name) => name.includes("gradbook-cell")),
    [],
  );
});

test("inspection shows type and documentation, and the signature between parentheses", async () => {
  await kernel.run("/** Doubles a number. */\nfunction double(value: number): number { return 2 * value }");
  const inspect = async (code: string, cursor = code.length): Promise<string> => {
    const { found, data } = await ask("inspect_request", { code, cursor_pos: cursor, detail_level: 0 });
    assert.equal(found, true, code);
    return String((data as Record<string, unknown>)["text/plain"]);
  };
  assert.match(await inspect("double"), /function double\(value: number\): number\s+Doubles a number\./);
  assert.match(await inspect("double("), /double\(value: number\): number/);
  assert.match(await inspect("Math.max(1, 2", 8), /max/);
  const nothing = await ask("inspect_request", { code: "  ", cursor_pos: 1, detail_level: 0 });
  assert.equal(nothing.found, false);
});

test("name? shows a value or the declaration of a type, or says that there is none", async () => {
  await kernel.run(
    "/** What it is. */\ninterface Described { kind: 'a' | 'b' }\nconst described: Described = { kind: 'a' }",
  );
  const help = async (cell: string): Promise<string> => {
    const { reply } = await kernel.run(cell);
    const [page] = reply.payload as { source: string; data: Record<string, string> }[];
    assert.equal(page.source, "page");
    return page.data["text/plain"];
  };
  assert.equal(await help("described?"), "const described: Described");
  assert.match(await help("Described?"), /interface Described \{\s+kind: "a" \| "b";\s+\}\s+What it is\./);
  assert.match(await help("Math.max??"), /max\(\.\.\.values: number\[\]\): number/);
  assert.equal(await help("neverDefined?"), "neverDefined: no documentation found.");
  const nothing = await ask("inspect_request", { code: "neverDefined", cursor_pos: 3, detail_level: 0 });
  assert.equal(nothing.found, false);
});

test("completion, inspection and the heartbeat answer during a tight loop", async () => {
  const loop = kernel.start('console.log("go"); while (true) {}');
  await loop.printed("go");
  assert.deepEqual(await complete("fancyName.al"), ["alpha"]);
  assert.equal(
    (await ask("inspect_request", { code: "double", cursor_pos: 3, detail_level: 0 })).found,
    true,
  );
  assert.ok((await kernel.beat()) < 2000);
  assert.equal((await ask("kernel_info_request", {})).status, "ok");
  await kernel.interrupt();
  await loop.done;
});

const completeness: Readonly<Record<string, readonly string[]>> = {
  complete: [
    "1",
    "let x = 1",
    "if (true) {\n  1\n}",
    "`a\nb`",
    "// words",
    "await 1",
    "type A = { a: 1 }",
    "name?",
    "",
  ],
  incomplete: [
    "if (true) {",
    "let x =",
    "`abc",
    "let s = `a\n",
    "let s = `a\nb",
    "f(`it's ${`\n",
    "'abc\\",
    "f(1,",
    "/* open",
    "class A {\n  x = 1",
    "[1, 2",
    "const o = {",
  ],
  invalid: ["}", "let let = 1", '"abc', "`a` + 'b", "'a\n`", "1 2", "function )"],
};
for (const [status, samples] of Object.entries(completeness)) {
  test(`is_complete: ${status}`, async () => {
    for (const code of samples)
      assert.equal((await ask("is_complete_request", { code })).status, status, code);
  });
}

test("history: tail, range, search", async () => {
  await kernel.run("'needle one'");
  await kernel.run("'needle two'");
  const ask3 = async (content: object) =>
    (await ask("history_request", { output: false, raw: true, ...content })).history as unknown[][];
  const tail = await ask3({ hist_access_type: "tail", n: 2 });
  assert.deepEqual(
    tail.map(([, , code]) => code),
    ["'needle one'", "'needle two'"],
  );
  const line = Number(tail[0][1]);
  assert.deepEqual(await ask3({ hist_access_type: "range", session: 0, start: line, stop: line + 1 }), [
    tail[0],
  ]);
  assert.equal((await ask3({ hist_access_type: "search", pattern: "*needle*", n: 10 })).length, 2);
  const [[, , both]] = await ask3({ hist_access_type: "tail", n: 1, output: true });
  assert.deepEqual(both, ["'needle two'", "'needle two'"]);
});

test("input: prompt, confirm, readline", async () => {
  const asked: [string, boolean][] = [];
  const answers = ["Ada", "", "yes", "42"];
  kernel.answer = (prompt, password) => {
    asked.push([prompt, password]);
    return answers.shift() ?? "";
  };
  const dialogs = await kernel.run('[prompt("Name?"), prompt("Age?", "7"), confirm("Sure?")]');
  assert.equal(dialogs.result, "[ 'Ada', '7', true ]", dialogs.traceback);
  const lines = await kernel.run(
    'import readline from "node:readline/promises"; const rl = readline.createInterface({ input: process.stdin, output: process.stdout }); const line = await rl.question("Number? "); rl.close(); Number(line)',
  );
  assert.equal(lines.result, "42", lines.traceback);
  assert.equal(lines.stdout, "Number? ");
  assert.deepEqual(asked, [
    ["Name? ", false],
    ["Age? [7] ", false],
    ["Sure? [y/N] ", false],
    ["", false],
  ]);
  kernel.answer = undefined;
});

test("input where there is nobody to ask is an error", async () => {
  assert.match(
    (await kernel.run('prompt("Name?")')).error ?? "",
    /No input: this front end does not support input\./,
  );
});

test("an interrupt ends the wait for input", async () => {
  let askedOnce: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    askedOnce = resolve;
  });
  kernel.answer = () => {
    askedOnce();
    return undefined as never;
  };
  const running = kernel.start('prompt("forever?")');
  await asked;
  await kernel.interrupt();
  assert.equal((await running.done).reply.ename, "Interrupted");
  kernel.answer = undefined;
});

/** Cells of a fresh kernel, whose answers are a1, a2, …; an array has nobody to answer. */
async function readCells(cells: readonly (string | readonly [string])[]): Promise<(string | undefined)[]> {
  const reader = await TestKernel.start();
  let count = 0;
  reader.answer = () => `a${++count}`;
  try {
    await reader.run('import readline from "readline"; import rp from "readline/promises"; 0');
    const results: (string | undefined)[] = [];
    for (const cell of cells) {
      const running =
        typeof cell === "string" ? reader.start(cell) : reader.start(cell[0], { allow_stdin: false });
      const result = await Promise.race([running.done, pause(5000)]);
      results.push(result === false ? `${cell} hangs` : (result.error ?? result.result));
    }
    return [...results, `${count} questions`];
  } finally {
    reader.close();
  }
}

test("stdin is read in one cell after the other", async () => {
  const kept = "const kept = rp.createInterface({ input: process.stdin }); await kept.question('')";
  assert.deepEqual(
    await readCells([
      kept,
      "await new Promise((r) => setTimeout(r, 60)); 'nobody asks'",
      "await kept.question('')",
      "const b = rp.createInterface({ input: process.stdin }); const said = await b.question(''); b.close(); said",
      "kept.close(); const c = readline.createInterface({ input: process.stdin }); const told = await new Promise((r) => c.question('', r)); c.close(); told",
      "let last; for await (last of readline.createInterface({ input: process.stdin })) break; last",
      "let chunk; for await (chunk of process.stdin) break; String(chunk)",
      "import { stdin } from 'node:process'; const d = rp.createInterface({ input: stdin }); const line = await d.question(''); d.close(); line",
      "await new Promise((r) => setTimeout(r, 60)); 'nobody asks'",
    ]),
    [
      ..."a1,nobody asks,a2,a3,a4,a5,a6\\n,a7,nobody asks".split(",").map((text) => `'${text}'`),
      "7 questions",
    ],
  );
});

test("a question that a cell leaves behind does not block the next one", async () => {
  const reader = await TestKernel.start();
  let count = 0;
  reader.answer = () => (++count === 2 ? (undefined as never) : `a${count}`);
  const first = await reader.run(
    "import rp from 'readline/promises'; const rl = rp.createInterface({ input: process.stdin }); const a = await rl.question(''); await new Promise((r) => setTimeout(r, 60)); a",
  );
  assert.equal(first.result, "'a1'");
  assert.equal((await reader.run("await rl.question('')")).result, "'a3'");
  reader.close();
});

test("a question on the spot does not lose the one that waits with a promise", async () => {
  const reader = await TestKernel.start();
  reader.answer = (prompt) => (prompt === "" && ++unnamed === 1 ? (undefined as never) : `a${unnamed}`);
  let unnamed = 0;
  const { result } = await reader.run(
    "import rp from 'readline/promises'; const line = rp.createInterface({ input: process.stdin }).question(''); await new Promise((r) => setTimeout(r, 60)); [prompt('now'), await line]",
  );
  assert.equal(result, "[ 'a1', 'a2' ]");
  reader.close();
});

test("stdin survives that there is nobody to ask", async () => {
  const question =
    "var rl = rp.createInterface({ input: process.stdin }); const said = await rl.question(''); rl.close(); said";
  const refused = "Error: No input: this front end does not support input.";
  assert.deepEqual(
    await readCells([
      [question],
      question,
      ["for await (const line of process.stdin) break"],
      question,
      [
        "try { for await (const _ of readline.createInterface({ input: process.stdin })); } catch (e) { String(e) }",
      ],
    ]),
    [refused, "'a1'", refused, "'a2'", undefined, "2 questions"],
  );
});

test("stdin survives an interrupt", async () => {
  let asked: () => void = () => undefined;
  const reader = await TestKernel.start();
  const once = new Promise<void>((resolve) => {
    asked = resolve;
  });
  reader.answer = () => {
    asked();
    return undefined as never;
  };
  const running = reader.start(
    "import rp from 'readline/promises'; const rl = rp.createInterface({ input: process.stdin }); await rl.question('')",
  );
  await once;
  await reader.interrupt();
  assert.equal((await running.done).reply.ename, "Interrupted");
  reader.answer = () => "here";
  const again = await reader.run("await rp.createInterface({ input: process.stdin }).question('')");
  assert.equal(again.result, "'here'");
  assert.match((await reader.run("await rl.question('')")).error ?? "", /readline was closed/);
  reader.close();
});

test("comms in both directions", async () => {
  const opened = await kernel.run(`
    const comms = (globalThis as any)[Symbol.for("Jupyter.comms")];
    comms.register("echo", (comm: any, { data }: any) => {
      comm.onMessage = ({ data, buffers }: any) => comm.send({ back: data.text, bytes: buffers.length });
      comm.onClose = () => console.log("closed");
      comm.send({ hello: data.name });
    });
    const own = comms.open("widget", { start: 1 });
    own.id`);
  const sent = opened.messages.find(({ type }) => type === "comm_open");
  assert.equal(sent?.content.target_name, "widget");
  const from = kernel.heard.length;
  kernel.request("shell", "comm_open", { comm_id: "c1", target_name: "echo", data: { name: "Ada" } });
  kernel.request("shell", "comm_msg", { comm_id: "c1", data: { text: "hi" } });
  const info = await ask("comm_info_request", { target_name: "echo" });
  kernel.request("shell", "comm_close", { comm_id: "c1", data: {} });
  kernel.request("shell", "comm_open", { comm_id: "c2", target_name: "unknown", data: {} });
  await kernel.run("await new Promise((resolve) => setTimeout(resolve, 50)); 0");
  const heard = kernel.heard.slice(from);
  const messages = heard.filter(({ type }) => type === "comm_msg").map(({ content }) => content.data);
  assert.deepEqual(messages, [{ hello: "Ada" }, { back: "hi", bytes: 0 }]);
  assert.ok(heard.some(({ type, content }) => type === "stream" && content.text === "closed\n"));
  assert.ok(
    heard.some(({ type, content }) => type === "comm_close" && content.comm_id === "c2"),
    "an unknown target is closed",
  );
  assert.equal(typeof info.comms, "object");
});

test("a comm message in the middle of a cell ends nothing: the next cell waits, and the history is as it was", async () => {
  await kernel.run(
    '(globalThis as any)[Symbol.for("Jupyter.comms")].register("middle", () => console.log("comm"))',
  );
  const before = await ask("history_request", { hist_access_type: "tail", n: 100, output: false, raw: true });
  const first = kernel.start(
    'console.log("go"); await new Promise((resolve) => setTimeout(resolve, 300)); console.log("first over")',
    { store_history: false },
  );
  const second = kernel.start('console.log("second")', { store_history: false });
  await first.printed("go");
  const from = kernel.heard.length;
  kernel.request("shell", "comm_open", { comm_id: "m1", target_name: "middle", data: {} });
  await Promise.all([first.done, second.done]);
  const printed = kernel.heard
    .slice(from)
    .map(({ content }) => content.text)
    .filter((text) => text !== undefined);
  assert.deepEqual(printed, ["comm\n", "first over\n", "second\n"]);
  const after = await ask("history_request", { hist_access_type: "tail", n: 100, output: false, raw: true });
  assert.deepEqual(after.history, before.history);
});

test("wrongly signed, malformed and replayed messages are ignored", async () => {
  const frames = kernel.compose("execute_request", { code: 'console.log("FUZZ once")', silent: false });
  await kernel.send("shell", frames);
  await kernel.send("shell", frames);
  const random = createRandom(7);
  for (let i = 0; i < 500; i++) {
    await kernel.send(
      i % 3 === 0 ? "control" : i % 3 === 1 ? "stdin" : "shell",
      malformedMessage(random, kernel.connection),
    );
  }
  assert.equal((await kernel.run("7")).result, "7");
  await pause(50);
  const printed = kernel.heard.filter(({ content }) => String(content.text).includes("FUZZ"));
  assert.deepEqual(
    printed.map(({ content }) => content.text),
    ["FUZZ once\n"],
    "taken once, and nothing else",
  );
});

// The last one, and no hook: Node 20.0 calls none.
test("the kernel ends when it is told", async () => {
  assert.equal(await kernel.shutdown(), 0);
});

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { host } from "@gradbook/base";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import { pause, root, TestKernel } from "./support/kernel.js";

/** A process and everything that it has started, by their parents. */
function processTree(pid: number): number[] {
  const table = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).stdout;
  const rows = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [pid];
  for (const one of tree) for (const [child, parent] of rows) if (parent === one) tree.push(child);
  return tree;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended; nobody has asked for its exit code yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

async function waitFor(what: string, fits: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; Date.now() < end; await pause(20)) if (fits()) return;
  assert.fail(`${what} did not happen in 5 s`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** What these processes have left among the temporary files; those of other tests' kernels are not theirs. */
const leftovers = (pids: readonly number[]): string[] =>
  readdirSync(tmpdir()).filter((name) => {
    const [, owner] = /^gradbook-(?:kernel|io)-[0-9a-f]{8}-(\d+)-/.exec(name) ?? [];
    return pids.includes(Number(owner));
  });

test("shutdown leaves no process, port or file behind, also of what cells have started", async () => {
  const kernel = await TestKernel.start();
  await kernel.run(
    'import { spawn } from "node:child_process"; spawn("sleep", ["1000"]); setInterval(() => {}, 10); 0',
  );
  const tree = processTree(kernel.pid);
  assert.ok(tree.length >= 4, "kernel, language server, esbuild, the cell's child");
  assert.notDeepEqual(leftovers(tree), [], "the names of a kernel's folders are those that are looked for");
  assert.equal(await kernel.shutdown(), 0);
  await waitFor("the end of all processes", () => !tree.some(isAlive));
  for (const port of [kernel.connection.shell_port, kernel.connection.hb_port])
    assert.equal(await isOpen(port), false);
  assert.deepEqual(leftovers(tree), []);
  assert.equal(kernel.log(), "", "the kernel's own output is empty");
});

test("the kernel outlives its tools: a new compiler and a new language server are started", async () => {
  const kernel = await TestKernel.start();
  try {
    await kernel.run("let kept: number = 1");
    for (const tool of processTree(kernel.pid).slice(1)) {
      process.kill(tool, "SIGKILL");
      assert.equal((await kernel.run("kept += 1; kept > 1")).result, "true");
      assert.match((await kernel.run("const text: string = kept")).error ?? "", /TS2322/);
    }
    assert.equal(await kernel.shutdown(), 0);
  } finally {
    kernel.close();
  }
});

test("shutdown in the middle of a loop", async () => {
  const kernel = await TestKernel.start();
  const running = kernel.start('console.log("go"); while (true) {}');
  await running.printed("go");
  const tree = processTree(kernel.pid);
  await kernel.shutdown();
  await waitFor("the end of all processes", () => !tree.some(isAlive));
});

test("exit handlers of cells run, also those that take longer than main may take to hear", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-exit-"));
  const kernel = await TestKernel.start({ cwd: folder });
  await kernel.run(
    `import fs from "node:fs";
    process.on("exit", () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
      fs.writeFileSync("exited", "yes");
    });`,
  );
  assert.equal(await kernel.shutdown(), 0);
  assert.ok(existsSync(join(folder, "exited")));
  rmSync(folder, { recursive: true });
});

test("a front end that is killed takes its kernel with it", async () => {
  // A front end of its own: it starts a kernel, says its process id, and is killed without a word.
  const script = `
    import { TestKernel } from ${JSON.stringify(join(root, "tests/dist/support/kernel.js"))};
    const kernel = await TestKernel.start();
    console.log(kernel.pid);
    setInterval(() => {}, 1000);`;
  const frontEnd = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const pid = await new Promise<number>((resolve) =>
    frontEnd.stdout.once("data", (text) => resolve(Number(text))),
  );
  const tree = processTree(pid);
  assert.ok(tree.every(isAlive));
  frontEnd.kill("SIGKILL");
  await waitFor("the end of the kernel", () => !tree.some(isAlive));
});

/** Starts a kernel from a process of its own, as `gradbook run` does. @returns that process and the kernel's */
async function runnerOf(): Promise<{ runner: number; kernel: number; kill: (pid: number) => void }> {
  const script = `
    import { startKernel } from ${JSON.stringify(join(root, "lib/tools/dist/notebook/kernel-client.js"))};
    import { findKernel } from ${JSON.stringify(join(root, "lib/tools/dist/notebook/kernels.js"))};
    const kernel = await startKernel(findKernel("gradbook", process.cwd()), { cwd: process.cwd() });
    console.log(kernel.pid);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kernel = await new Promise<number>((resolve) =>
    child.stdout.once("data", (text) => resolve(Number(text))),
  );
  return { runner: child.pid ?? 0, kernel, kill: (pid) => process.kill(pid, "SIGKILL") };
}

const keys = (pid: number): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`gradbook-run-${host}-${pid}-`));

test("kill -9 of the runner and its kernel: the next start removes the connection's key", async () => {
  const { runner, kernel, kill } = await runnerOf();
  assert.equal(keys(runner).length, 1);
  kill(kernel);
  kill(runner);
  await waitFor("the end of both", () => !isAlive(kernel) && !isAlive(runner));
  const next = await TestKernel.start();
  const left = [...keys(runner), ...leftovers([kernel])];
  assert.equal(await next.shutdown(), 0);
  assert.deepEqual(left, []);
});

test("kill -9 of the runner alone: its kernel ends and removes the key", async () => {
  const { runner, kernel, kill } = await runnerOf();
  kill(runner);
  await waitFor("the end of the kernel", () => !isAlive(kernel));
  assert.deepEqual(keys(runner), []);
});

for (const [title, folder, wanted] of [
  [
    "is not there",
    "/nowhere/at/all",
    /^gradbook-kernel: \/nowhere\/at\/all: its folder has disappeared\. Make it again, or choose another location with the variable TMPDIR\.\n$/,
  ],
  [
    "is a file",
    join(root, "package.json"),
    /package\.json: it is a file\. .*, or choose another location with the variable TMPDIR\.\n$/,
  ],
  [
    "has a name too long for a socket",
    join(tmpdir(), `gradbook-long-${"x".repeat(90)}`),
    /^gradbook-kernel: \S+x\/gradbook-io-\S+: no local socket can be made there \(.*\)\. Set the variable TMPDIR to a folder with a short path\.\n$/,
  ],
] as const) {
  test(`a temporary folder that ${title} is named`, () => {
    if (title.startsWith("has")) mkdirSync(folder);
    const made = mkdtempSync(join(tmpdir(), "gradbook-connection-"));
    const path = join(made, "c.json");
    writeFileSync(
      path,
      JSON.stringify({
        ip: "127.0.0.1",
        key: "k",
        ...ports,
        shell_port: 45_671,
        iopub_port: 45_672,
        stdin_port: 45_673,
        control_port: 45_674,
        hb_port: 45_675,
      }),
    );
    const [command, ...args] = kernelSpec("gradbook").argv.map((word) =>
      word.replace("{connection_file}", path),
    );
    const { status, stderr } = spawnSync(command, args, {
      encoding: "utf8",
      env: { ...process.env, TMPDIR: folder },
    });
    rmSync(made, { recursive: true });
    if (title.startsWith("has")) rmSync(folder, { recursive: true });
    assert.equal(status, 1);
    assert.match(stderr, wanted);
  });
}

test("a full disk is named by the cell that needs it, and the kernel lives on", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-full-"));
  writeFileSync(join(folder, "m.ts"), `export const long = ${JSON.stringify("x".repeat(200_000))};`);
  // No file may grow beyond 100 kB, which is what a full disk is for a program.
  const argv = ["/bin/sh", "-c", 'ulimit -f 100; exec "$@"', "sh", ...kernelSpec("gradbook").argv];
  const kernel = await TestKernel.start({ argv, cwd: folder });
  const { error } = await kernel.run('import { long } from "./m.ts"; long.length');
  const rest = await kernel.run("1 + 1");
  assert.equal(await kernel.shutdown(), 0);
  rmSync(folder, { recursive: true });
  assert.match(
    error ?? "",
    /^GradbookError: \S+gradbook-kernel-\S+-m\.mjs: the file is larger than allowed \(0\.2 MB needed\)\. .*, or choose another location with the variable TMPDIR and a new start\.$/,
  );
  assert.equal(rest.result, "2");
});

test("a connection file that others can read is closed to them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-connection-"));
  const path = join(folder, "connection.json");
  const connection = {
    transport: "tcp",
    ip: "192.0.2.1",
    key: "k",
    signature_scheme: "hmac-sha256",
    ...ports,
  };
  writeFileSync(path, JSON.stringify(connection), { mode: 0o644 });
  const [command, ...args] = kernelSpec("gradbook").argv.map((word) =>
    word.replace("{connection_file}", path),
  );
  const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(status, 1);
  assert.match(stderr, /connection file: address 192\.0\.2\.1, expected this machine's own \(127\.0\.0\.1\)/);
  rmSync(folder, { recursive: true });
});

test("a kernel without a connection file says what is missing", () => {
  const [command, ...args] = kernelSpec("gradbook").argv;
  const { status, stderr } = spawnSync(command, args.slice(0, -2), { encoding: "utf8" });
  assert.equal(status, 1);
  assert.match(stderr, /^gradbook-kernel: --connection-file: missing, expected the file that Jupyter writes/);
});

const ports = { shell_port: 1, iopub_port: 2, stdin_port: 3, control_port: 4, hb_port: 5 };
for (const [title, text, wanted] of [
  ["is not there", undefined, "it cannot be read"],
  ["is half written", "{", "not JSON"],
  ["holds a list", "[]", "ip is missing"],
  ["has a port that is none", { ip: "127.0.0.1", ...ports, hb_port: 70_000 }, "hb_port is 70000"],
  ["has no key", { ip: "127.0.0.1", ...ports }, "key is missing"],
  ["has a key that is none", { ip: "127.0.0.1", ...ports, key: 5 }, "key is 5"],
] as const) {
  test(`refuses a connection file that ${title}`, () => {
    const folder = mkdtempSync(join(tmpdir(), "gradbook-connection-"));
    const path = join(folder, "c.json");
    if (text !== undefined) writeFileSync(path, typeof text === "string" ? text : JSON.stringify(text));
    const [command, ...args] = kernelSpec("gradbook").argv;
    const { status, stderr } = spawnSync(command, [...args.slice(0, -1), path], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    assert.equal(status, 1);
    const said = `connection file ${path}: ${wanted}, expected what Jupyter writes for a kernel: ip, five ports, key.\n`;
    assert.equal(stderr, `gradbook-kernel: ${said}`);
  });
}

test("under the name jslab cells are JavaScript: what TypeScript would refuse runs", async () => {
  const kernel = await TestKernel.start({ argv: kernelSpec("jslab").argv });
  const { reply } = kernel.request("shell", "kernel_info_request", {});
  const { language_info } = (await reply).content;
  assert.equal(language_info instanceof Object && Reflect.get(language_info, "name"), "javascript");
  const code = "function plus(a, b) { return a + b }\nconst bag = {};\nbag.sum = plus(1, 2);\nbag.sum";
  assert.equal((await kernel.run(code)).result, "3");
  assert.match((await kernel.run("let = 5 5")).error ?? "", /line 1, column/);
  assert.equal((await kernel.run("missing")).error, "ReferenceError: missing is not defined");
  assert.equal(await kernel.shutdown(), 0);
});

test("install writes a kernelspec where Jupyter looks", () => {
  const folder = mkdtempSync(join(tmpdir(), "gradbook-install-"));
  const gradbook = join(root, "lib/gradbook/gradbook.mjs");
  const install = (...args: string[]) =>
    spawnSync(process.execPath, [gradbook, "kernel", "install", ...args], {
      encoding: "utf8",
      env: { ...process.env, JUPYTER_DATA_DIR: join(folder, "user") },
    });
  assert.equal(install("--prefix", folder, "--name", "tslab").status, 0);
  const spec = JSON.parse(readFileSync(join(folder, "share/jupyter/kernels/tslab/kernel.json"), "utf8"));
  assert.equal(spec.interrupt_mode, "message");
  assert.equal(spec.language, "typescript");
  assert.ok(spec.argv.includes("{connection_file}"));
  assert.equal(install("--user").status, 0);
  assert.ok(existsSync(join(folder, "user/kernels/gradbook/kernel.json")));
  const two = install("--user", "--prefix", folder);
  assert.equal(two.status, 1);
  assert.match(two.stderr, /two places, expected one of --user, --prefix, --sys-prefix/);
  for (const name of ["no/such", "..", ""])
    assert.match(
      install(`--name=${name}`).stderr,
      /kernel name: ".*", expected letters, digits, \. _ - and no dot/,
    );
  assert.match(install("--prefix=").stderr, /--prefix: "", expected a folder\./);
  const unknown = install("--usr");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /Unknown option '--usr'[\s\S]*gradbook kernel install \[--user/);
  rmSync(folder, { recursive: true });
});

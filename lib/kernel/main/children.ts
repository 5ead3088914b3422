import childProcess, { ChildProcess } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import { type SharedState, Word } from "../shared.js";
import { Interrupted } from "./cell.js";
import type { Notes } from "./notes.js";

/** `options` of the functions of node:child_process, as far as output is concerned. */
type SpawnOptions = { stdio?: unknown };

/**
 * Child processes print into the notebook where they inherit stdout or stderr, and an interrupt ends the ones that
 * main is blocked in (`spawnSync`, `execSync`, `execFileSync`).
 */
export function patchChildProcess(notes: Notes, shared: SharedState): void {
  const { spawnSync, execFileSync, execSync } = childProcess;
  const synchronous =
    (original: (...parameters: never[]) => unknown) =>
    (...parameters: unknown[]): unknown => {
      const redirected = parameters.map((one, i) => (i > 0 && isOptions(one) ? redirect(one, shared) : one));
      return blocked(notes, shared, () => Reflect.apply(original, childProcess, redirected));
    };
  Object.assign(childProcess, {
    spawnSync: synchronous(spawnSync),
    execFileSync: synchronous(execFileSync),
    execSync: synchronous(execSync),
  });

  // spawn, exec, execFile and fork all come through here.
  const prototype = ChildProcess.prototype as ChildProcess & { spawn(options: SpawnOptions): unknown };
  const { spawn } = prototype;
  prototype.spawn = function (this: ChildProcess, options) {
    notes.waitUntilTaken();
    const result = Reflect.apply(spawn, this, [redirect(options, shared)]);
    const { pid } = this;
    if (pid !== undefined) {
      notes.post({ type: "spawned", pid });
      this.once("exit", () => notes.post({ type: "gone", pid }));
    }
    return result;
  };
  syncBuiltinESMExports();
}

/** What main printed before stands before what the child prints, and that before what main prints after it. */
function blocked(notes: Notes, { words, interrupt }: SharedState, call: () => unknown): unknown {
  if (Atomics.load(interrupt, 0) === 1) throw new Interrupted();
  notes.waitUntilTaken();
  Atomics.store(words, Word.syncChild, 1);
  let result: unknown;
  try {
    result = call();
  } finally {
    Atomics.store(words, Word.syncChild, 0);
    notes.post({ type: "children" });
  }
  if (Atomics.load(interrupt, 0) === 1) throw new Interrupted();
  return result;
}

function isOptions(value: unknown): value is SpawnOptions {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Replaces what is inherited from the kernel, whose own descriptors lead to some log. */
function redirect<T extends SpawnOptions>(options: T, { words }: SharedState): T {
  const { stdio } = options;
  if (stdio === undefined) return options;
  const wanted: readonly unknown[] = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio];
  const descriptors = wanted.map((one, stream) => {
    // There is no terminal to read from: input is a matter of the front end.
    if (stream === 0) return one === "inherit" || one === 0 ? "ignore" : one;
    if (stream > 2) return one;
    const source = one === "inherit" ? stream : one === process.stdout ? 1 : one === process.stderr ? 2 : one;
    if (source !== 1 && source !== 2) return one;
    const descriptor = Atomics.load(words, source === 1 ? Word.childStdout : Word.childStderr);
    return descriptor === -1 ? one : descriptor;
  });
  return { ...options, stdio: descriptors };
}

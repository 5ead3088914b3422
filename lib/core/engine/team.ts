import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { configError, GradbookError, inWords } from "@gradbook/base";
import type { Phase } from "./plan.js";
import type { WasmMemory, WasmModule } from "./webassembly.js";
import { claimTask, WORD, type WorkerData, type WorkerMessage, workerMain } from "./worker.js";

/** Most threads of a team, the calling one included. */
export const MOST_THREADS = 64;
/** Milliseconds after which a worker that holds a task is given up. */
const TIMEOUT_MS = 60_000;

/** Threads to use: what the caller asks for, else GRADBOOK_THREADS, else one for each core. */
export function parseThreads(
  threads: number | undefined,
  environment = process.env.GRADBOOK_THREADS,
): number {
  const text = environment?.trim() ?? "";
  const count = threads ?? (text === "" ? Math.min(availableParallelism(), MOST_THREADS) : Number(text));
  if (Number.isInteger(count) && count >= 1 && count <= MOST_THREADS) return count;
  throw configError(
    threads === undefined ? "GRADBOOK_THREADS" : "fit",
    threads === undefined ? `the value is "${text}"` : `threads is ${inWords(threads)}`,
    `a whole number from 1 to ${MOST_THREADS}`,
  );
}

/** A plan that the team knows: runs one task of one phase on the calling thread. */
export interface TeamPlan {
  readonly id: number;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly phases: readonly Phase[];
  runTask(phase: number, task: number, pieces: number, samples: number): void;
}

/**
 * The worker threads of this thread. They share memory with it and claim tasks beside it: first those of their own share,
 * then what is left of the others', so nobody waits for a thread that the system has not woken yet. Which thread ran a
 * task changes no bit: every task writes to a place of its own.
 */
export class Team {
  private readonly source: string;

  readonly workers: { readonly worker: Worker; readonly port: MessagePort }[] = [];
  private readonly control = new Int32Array(new SharedArrayBuffer(4 * WORD.end));
  private readonly plans = new Map<number, TeamPlan>();
  private running = false;

  /** @param source the text that a worker runs; another one in tests of broken workers */
  constructor(source = `(${workerMain.toString()})(require, ${claimTask.toString()});`) {
    this.source = source;

    Atomics.store(this.control, WORD.plan, -1);
  }

  /** A worker has died, or a run was cut off by a stop that runs no `finally`: its tasks may still be going on. */
  get broken(): boolean {
    return this.running || Atomics.load(this.control, WORD.failed) !== 0;
  }

  /** Threads, the calling one included. */
  get size(): number {
    return this.workers.length + 1;
  }

  add(plan: TeamPlan, threads: number): void {
    this.plans.set(plan.id, plan);
    for (const { port } of this.workers) introduce(port, plan);
    while (this.size < threads && mayHire()) this.hire();
  }

  remove(plan: TeamPlan): void {
    this.plans.delete(plan.id);
    for (const { port } of this.workers) port.postMessage({ forget: plan.id } satisfies WorkerMessage);
    // whoever sleeps forgets it now, and the memory is free
    Atomics.add(this.control, WORD.wake, 1);
    Atomics.notify(this.control, WORD.wake);
  }

  /**
   * Runs all tasks of a phase and returns when the last one is done.
   * @param meanwhile work of the calling thread that nobody waits for; no code but the library's own, which asks for no team
   * @throws GradbookError naming the worker that failed
   */
  run(
    plan: TeamPlan,
    phase: number,
    tasks: number,
    pieces: number,
    samples: number,
    threads: number,
    meanwhile?: () => void,
  ): void {
    if (tasks === 1 || threads === 1) {
      for (let task = 0; task < tasks; task++) plan.runTask(phase, task, pieces, samples);
      meanwhile?.();
      return;
    }
    this.running = true;
    try {
      this.share(plan, phase, tasks, pieces, samples, threads, meanwhile);
    } finally {
      this.running = false;
    }
  }

  private share(
    plan: TeamPlan,
    phase: number,
    tasks: number,
    pieces: number,
    samples: number,
    threads: number,
    meanwhile?: () => void,
  ): void {
    const { control } = this;
    Atomics.store(control, WORD.plan, plan.id);
    Atomics.store(control, WORD.phase, phase);
    Atomics.store(control, WORD.samples, samples);
    Atomics.store(control, WORD.pieces, pieces);
    Atomics.store(control, WORD.threads, threads);
    Atomics.store(control, WORD.done, 0);
    // from here on workers begin
    for (let thread = 0; thread < threads; thread++) {
      const from = Math.floor((tasks * thread) / threads);
      const to = Math.floor((tasks * (thread + 1)) / threads);
      Atomics.store(control, WORD.claim + thread, to * 65536 + from);
    }
    Atomics.add(control, WORD.wake, 1);
    if (Atomics.load(control, WORD.sleepers) > 0) Atomics.notify(control, WORD.wake);
    meanwhile?.();
    for (;;) {
      const task = claimTask(control, WORD.claim, 0, threads);
      if (task < 0) break;
      plan.runTask(phase, task, pieces, samples);
      Atomics.add(control, WORD.done, 1);
    }
    this.join(tasks);
  }

  private join(tasks: number): void {
    const { control } = this;
    for (let spins = 0; spins < 20000; spins++) if (Atomics.load(control, WORD.done) === tasks) return;
    const since = performance.now();
    Atomics.store(control, WORD.waiting, 1);
    for (;;) {
      const done = Atomics.load(control, WORD.done);
      if (done === tasks) break;
      const failed = Atomics.load(control, WORD.failed);
      if (failed !== 0) throw this.failure(failed, "ended with an error");
      if (performance.now() - since > TIMEOUT_MS) {
        const missing = 1 + this.workers.findIndex((_, i) => Atomics.load(control, WORD.at + i + 1) !== 0);
        Atomics.store(control, WORD.failed, missing);
        throw this.failure(missing, `has not responded for ${TIMEOUT_MS / 1000} s`);
      }
      Atomics.wait(control, WORD.done, done, 100);
    }
    Atomics.store(control, WORD.waiting, 0);
  }

  private failure(thread: number, what: string): GradbookError {
    const task = Atomics.load(this.control, WORD.at + thread) - 1;
    return new GradbookError({
      code: "worker",
      what: "engine",
      got: `worker thread ${thread} of ${this.workers.length} ${what}${task >= 0 ? ` at task ${task}` : ""}`,
      expected: "every worker to finish its share",
      cure: "Run it again: the next fit starts new workers. threads: 1 uses none.",
    });
  }

  private hire(): void {
    const thread = this.size;
    const { port1, port2 } = new MessageChannel();
    const workerData: WorkerData = { control: this.control, thread, port: port2, words: WORD };
    const worker = new Worker(this.source, {
      eval: true,
      workerData,
      transferList: [port2],
      name: `gradbook ${thread}`,
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 32 },
    });
    // a worker must not keep the process alive, and what it died of is told by the run that it broke
    worker.unref();
    port1.unref();
    worker.on("error", () => Atomics.store(this.control, WORD.failed, thread));
    worker.on("exit", () => Atomics.store(this.control, WORD.failed, thread));
    for (const plan of this.plans.values()) introduce(port1, plan);
    this.workers.push({ worker, port: port1 });
  }

  /** Ends all workers. */
  dismiss(): void {
    for (const { worker, port } of this.workers) {
      worker.removeAllListeners();
      worker.on("error", () => {});
      port.close();
      void worker.terminate();
    }
    this.workers.length = 0;
  }
}

/** Under Node's permission model threads may be forbidden: then this one does all tasks, with the same result. */
function mayHire(): boolean {
  const { permission } = process as typeof process & { permission?: { has(scope: string): boolean } };
  return permission === undefined || permission.has("worker");
}

function introduce(port: MessagePort, { id, module, memory, phases }: TeamPlan): void {
  const calls = phases.map((p) => (p.parallel === "main" ? null : { name: p.name, parallel: p.parallel }));
  port.postMessage({ plan: id, module, memory, phases: calls } satisfies WorkerMessage);
}

let team: Team | undefined;

/** This thread's team; a new one when the old one is broken. Never asked for during a run. */
export function currentTeam(): Team {
  if (team?.broken) {
    team.dismiss();
    team = undefined;
  }
  team ??= new Team();
  return team;
}

/**
 * Words of the memory that a team shares. Each thread has a claim word: the end of its share of a phase's tasks in the
 * upper half, the next task in the lower half. One atomic addition claims a task and says whether there was one.
 */
export const WORD = {
  done: 0,
  wake: 1,
  sleepers: 2,
  plan: 3,
  phase: 4,
  samples: 5,
  pieces: 6,
  threads: 7,
  waiting: 8,
  failed: 9,
  /** Claim word of each thread; the calling thread is 0. */
  claim: 16,
  /** Task + 1 that each thread is at, 0 when it is at none. */
  at: 80,
  end: 144,
} as const;

/** What a worker starts with. */
export interface WorkerData {
  readonly control: Int32Array;
  /** Number of the thread, from 1. */
  readonly thread: number;
  readonly port: import("node:worker_threads").MessagePort;
  readonly words: typeof WORD;
}

/** How a worker learns of a plan, or forgets it. */
export type WorkerMessage =
  | {
      readonly plan: number;
      readonly module: import("./webassembly.js").WasmModule;
      readonly memory: import("./webassembly.js").WasmMemory;
      /** The export of each phase and how it is called; null where the calling thread does it alone. */
      readonly phases: readonly ({ readonly name: string; readonly parallel: "pieces" | "tasks" } | null)[];
    }
  | { readonly forget: number };

/** The `require` of the thread's own script. */
export interface WorkerRequire {
  (id: "node:worker_threads"): typeof import("node:worker_threads");
  (id: "node:v8"): typeof import("node:v8");
  (id: "node:vm"): typeof import("node:vm");
}

/**
 * Claims a task: of the thread's own share, whose memory lies in its core's cache since the last step, then of the
 * others'. Self-contained, because workers get it as text.
 * @returns its number, or −1 when all are claimed
 */
export function claimTask(control: Int32Array, claim: number, thread: number, threads: number): number {
  for (let i = 0; i < threads; i++) {
    const word = claim + ((thread + i) % threads);
    const seen = Atomics.load(control, word);
    if ((seen & 0xffff) >= seen >>> 16) continue;
    const claimed = Atomics.add(control, word, 1);
    if ((claimed & 0xffff) < claimed >>> 16) return claimed & 0xffff;
  }
  return -1;
}

/**
 * The whole life of a worker. Its text is what the thread runs (so it works from the ES modules and from the CommonJS
 * bundle alike): it must not use anything but its arguments.
 */
export function workerMain(require: WorkerRequire, claimNext: typeof claimTask): void {
  const threads = require("node:worker_threads");
  const { control, thread, port, words }: WorkerData = threads.workerData;
  type Run = (task: number) => void;
  const plans = new Map<number, Run[]>();

  const drain = (): void => {
    let forgot = false;
    for (;;) {
      const received: { message: WorkerMessage } | undefined = threads.receiveMessageOnPort(port);
      if (received === undefined) break;
      const { message } = received;
      if ("forget" in message) forgot = plans.delete(message.forget) || forgot;
      else plans.set(message.plan, attach(message));
    }
    if (forgot) collect();
  };

  // this thread allocates nothing, so it would never collect the memory of a plan by itself
  const collect = (): void => {
    require("node:v8").setFlagsFromString("--expose-gc");
    require("node:vm").runInNewContext("gc()");
  };

  const attach = (message: Extract<WorkerMessage, { plan: number }>): Run[] => {
    const api = (globalThis as typeof globalThis & { WebAssembly: typeof import("./webassembly.js").wasm })
      .WebAssembly;
    const { exports } = new api.Instance(message.module, { env: { memory: message.memory } });
    return message.phases.map((phase) => {
      if (phase === null) return () => {};
      const kernel = exports[phase.name];
      if (phase.parallel === "tasks")
        return (task) =>
          kernel(task, Atomics.load(control, words.pieces), Atomics.load(control, words.samples));
      return (piece) => {
        const n = Atomics.load(control, words.samples);
        const pieces = Atomics.load(control, words.pieces);
        kernel(piece, Math.floor((n * piece) / pieces), Math.floor((n * (piece + 1)) / pieces));
      };
    });
  };

  const claimed = (): number => {
    const count = Atomics.load(control, words.threads);
    return thread < count ? claimNext(control, words.claim, thread, count) : -1;
  };

  const run = (task: number): void => {
    Atomics.store(control, words.at + thread, task + 1);
    // since a task is claimed, plan and phase stay what they are until it is done
    const plan = Atomics.load(control, words.plan);
    if (!plans.has(plan)) drain();
    const runs = plans.get(plan);
    if (runs === undefined) throw new Error("a plan that nobody sent");
    runs[Atomics.load(control, words.phase)](task);
    Atomics.store(control, words.at + thread, 0);
    Atomics.add(control, words.done, 1);
    if (Atomics.load(control, words.waiting) === 1) Atomics.notify(control, words.done);
  };

  const work = (): void => {
    let idle = 0;
    let known = -1;
    for (;;) {
      // a new plan is compiled before a task of it is claimed: nobody waits for that
      const plan = Atomics.load(control, words.plan);
      if (plan !== known) {
        drain();
        known = plan;
      }
      const task = claimed();
      if (task >= 0) {
        run(task);
        idle = 0;
      } else if (++idle > 5000) {
        // no work for some ten microseconds: sleep until the next phase
        const seen = Atomics.load(control, words.wake);
        drain();
        Atomics.add(control, words.sleepers, 1);
        const last = claimed();
        if (last < 0) Atomics.wait(control, words.wake, seen);
        Atomics.sub(control, words.sleepers, 1);
        if (last >= 0) run(last);
        idle = 0;
      }
    }
  };

  try {
    work();
  } catch (error) {
    Atomics.store(control, words.failed, thread);
    Atomics.notify(control, words.done);
    throw error;
  }
}

/**
 * Words of the memory that a team shares. CLAIM holds the number of tasks in its upper half and the next one in its
 * lower half: one atomic addition claims a task and says whether there was one.
 */
export const WORD = {
  claim: 0,
  done: 1,
  wake: 2,
  sleepers: 3,
  plan: 4,
  phase: 5,
  samples: 6,
  pieces: 7,
  members: 8,
  waiting: 9,
  failed: 10,
  /** Task + 1 that each worker is at, 0 when it is at none. */
  at: 16,
} as const;

/** What a worker starts with. */
export interface WorkerData {
  readonly control: Int32Array;
  readonly id: number;
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
 * The whole life of a worker. Its text is what the thread runs (so it works from the ES modules and from the CommonJS
 * bundle alike): it must not use anything but its argument.
 */
export function workerMain(require: WorkerRequire): void {
  const threads = require("node:worker_threads");
  const { control, id, port, words }: WorkerData = threads.workerData;
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

  const open = (claim: number): boolean => (claim & 0xffff) < claim >>> 16;
  const member = (): boolean => id < Atomics.load(control, words.members);

  const work = (): void => {
    let idle = 0;
    for (;;) {
      if (open(Atomics.load(control, words.claim)) && member()) {
        // the plan is fetched before a task is claimed: nobody waits for a compilation
        if (!plans.has(Atomics.load(control, words.plan))) drain();
        const claim = Atomics.add(control, words.claim, 1);
        if (!open(claim)) continue;
        const task = claim & 0xffff;
        Atomics.store(control, words.at + id, task + 1);
        // between the look and the claim another plan may have come
        let runs = plans.get(Atomics.load(control, words.plan));
        if (runs === undefined) {
          drain();
          runs = plans.get(Atomics.load(control, words.plan));
        }
        if (runs === undefined) throw new Error("a plan that nobody sent");
        runs[Atomics.load(control, words.phase)](task);
        Atomics.store(control, words.at + id, 0);
        Atomics.add(control, words.done, 1);
        if (Atomics.load(control, words.waiting) === 1) Atomics.notify(control, words.done);
        idle = 0;
      } else if (++idle > 20000) {
        // no work for some ten microseconds: sleep until the next phase
        const seen = Atomics.load(control, words.wake);
        drain();
        Atomics.add(control, words.sleepers, 1);
        if (!(open(Atomics.load(control, words.claim)) && member())) Atomics.wait(control, words.wake, seen);
        Atomics.sub(control, words.sleepers, 1);
        drain();
        idle = 0;
      }
    }
  };

  try {
    work();
  } catch (error) {
    Atomics.store(control, words.failed, id + 1);
    Atomics.notify(control, words.done);
    throw error;
  }
}

import type { Phase } from "./plan.js";
import type { Program } from "./render/program.js";
import { renderWasm } from "./render/wasm.js";
import { currentTeam, type Team, type TeamPlan } from "./team.js";
import { PAGE_BYTES, type WasmExports, type WasmMemory, type WasmModule, wasm } from "./webassembly.js";

let count = 0;

/**
 * A compiled program with its memory, and the threads that run it. For a model `Engine` makes one; anything else that
 * computes (a matrix product, t-SNE) lays out its memory with an `Arena`, defines its kernels and makes one itself:
 *
 *     const machine = new Machine({ program, bytes: arena.bytes, phases, threads });
 *     machine.floats.set(x, address / 4);
 *     machine.run(0, tasks, pieces, n);   // the first phase: all its tasks, each once, then returns
 */
export class Machine implements TeamPlan {
  readonly id = count++;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly phases: readonly Phase[];
  /** The whole memory; byte address a is float a / 4. */
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  private readonly threads: number;
  private readonly kernels: readonly (WasmExports[string] | undefined)[];
  private readonly team: Team;

  /**
   * @param config.bytes end of what the program uses of its memory
   * @param config.threads 1: no worker at all
   */
  constructor(config: {
    readonly program: Program;
    readonly bytes: number;
    readonly phases: readonly Phase[];
    readonly threads: number;
  }) {
    const pages = Math.ceil((config.bytes + 64) / PAGE_BYTES);
    this.phases = config.phases;
    this.threads = config.threads;
    this.module = new wasm.Module(renderWasm(config.program, pages));
    this.memory = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    const { exports } = new wasm.Instance(this.module, { env: { memory: this.memory } });
    this.kernels = config.phases.map((phase) =>
      phase.parallel === "main" ? undefined : exports[phase.name],
    );
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
    this.team = currentTeam();
    if (this.threads > 1) this.team.add(this, this.threads);
  }

  /**
   * Runs a phase on all threads.
   * @param tasks how many; for a phase on pieces the number of pieces
   * @param meanwhile work for this thread while the others have begun
   * @throws GradbookError naming the worker that failed
   */
  run(phase: number, tasks: number, pieces: number, samples: number, meanwhile?: () => void): void {
    this.team.run(this, phase, tasks, pieces, samples, this.threads, meanwhile);
  }

  runTask(phase: number, task: number, pieces: number, samples: number): void {
    const kernel = this.kernels[phase];
    if (kernel === undefined) return;
    if (this.phases[phase].parallel === "tasks") kernel(task, pieces, samples);
    else kernel(task, Math.floor((samples * task) / pieces), Math.floor((samples * (task + 1)) / pieces));
  }

  /** Gives memory and threads back; the machine is not used again. */
  dispose(): void {
    this.team.remove(this);
  }
}

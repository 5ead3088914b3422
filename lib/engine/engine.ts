import { type Plan, type PlanRequest, plan } from "./plan.js";
import { currentTeam, type Team, type TeamPlan } from "./team.js";
import { type WasmExports, type WasmMemory, type WasmModule, wasm } from "./webassembly.js";

let count = 0;

/**
 * A planned model with its memory and its compiled kernels. All views are over one memory; a step allocates nothing.
 */
export class Engine implements TeamPlan {
  readonly id = count++;
  readonly plan: Plan;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  private readonly kernels: WasmExports[string][];
  private readonly team: Team;

  constructor(
    request: PlanRequest,
    private readonly threads: number,
  ) {
    this.plan = plan(request);
    const { bytes, pages, phases } = this.plan;
    this.module = new wasm.Module(bytes);
    this.memory = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    const { exports } = new wasm.Instance(this.module, { env: { memory: this.memory } });
    this.kernels = phases.map(({ name }) => exports[name]);
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
    this.team = currentTeam();
    // a model too small for two pieces never leaves this thread
    const most = Math.max(this.plan.pieces(this.plan.capacity), ...phases.map(({ tasks }) => tasks));
    if (threads > 1 && most > 1) this.team.add(this, threads);
  }

  get phases(): Plan["phases"] {
    return this.plan.phases;
  }

  run(phase: number, task: number, pieces: number, samples: number): void {
    const kernel = this.kernels[phase];
    if (this.plan.phases[phase].parallel === "tasks") kernel(task, pieces, samples);
    else kernel(task, Math.floor((samples * task) / pieces), Math.floor((samples * (task + 1)) / pieces));
  }

  /**
   * Forward, backward and update for the samples whose addresses and labels stand in the tables.
   * @param meanwhile work for this thread while the others have begun
   */
  step(samples: number, meanwhile?: () => void): void {
    this.runAll(this.plan.train, samples, meanwhile);
  }

  /** Forward and loss. */
  forward(samples: number): void {
    this.runAll(this.plan.forward, samples);
  }

  private runAll(phases: readonly number[], samples: number, meanwhile?: () => void): void {
    const pieces = this.plan.pieces(samples);
    for (let i = 0; i < phases.length; i++) {
      const { parallel, tasks } = this.plan.phases[phases[i]];
      const count = parallel === "pieces" ? pieces : tasks;
      const then = i === 0 ? meanwhile : undefined;
      this.team.run(this, phases[i], count, pieces, samples, this.threads, then);
    }
  }

  dispose(): void {
    this.team.remove(this);
  }
}

import { type Phase, type Plan, type PlanRequest, plan } from "./plan.js";
import { currentTeam, type Team, type TeamPlan } from "./team.js";
import { type WasmExports, type WasmMemory, type WasmModule, wasm } from "./webassembly.js";

/** Runs the layers that were written by hand, on the calling thread. */
export type CustomPass = (
  layer: number,
  pass: "forward" | "backward",
  samples: number,
  training: boolean,
) => void;

let count = 0;

/** A planned model with its memory and its compiled kernels. All views are over one memory; a step allocates nothing. */
export class Engine implements TeamPlan {
  readonly id = count++;
  readonly plan: Plan;
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  private readonly kernels: (WasmExports[string] | undefined)[];
  private readonly team: Team;

  constructor(
    request: PlanRequest,
    private readonly threads: number,
    private readonly custom?: CustomPass,
  ) {
    this.plan = plan(request);
    const { bytes, pages, phases } = this.plan;
    this.module = new wasm.Module(bytes);
    this.memory = new wasm.Memory({ initial: pages, maximum: pages, shared: true });
    const { exports } = new wasm.Instance(this.module, { env: { memory: this.memory } });
    this.kernels = phases.map((phase) => (phase.parallel === "main" ? undefined : exports[phase.name]));
    this.floats = new Float32Array(this.memory.buffer);
    this.ints = new Int32Array(this.memory.buffer);
    this.team = currentTeam();
    // a model too small for two pieces never leaves this thread
    const most = Math.max(...phases.map((phase) => this.tasksOf(phase, this.plan.capacity)));
    if (threads > 1 && most > 1) this.team.add(this, threads);
  }

  get phases(): readonly Phase[] {
    return this.plan.phases;
  }

  run(phase: number, task: number, pieces: number, samples: number): void {
    const kernel = this.kernels[phase];
    if (kernel === undefined) return;
    if (this.plan.phases[phase].parallel === "tasks") kernel(task, pieces, samples);
    else kernel(task, Math.floor((samples * task) / pieces), Math.floor((samples * (task + 1)) / pieces));
  }

  /**
   * Forward, backward and update for the samples whose addresses and labels stand in the tables.
   * @param meanwhile work for this thread while the others have begun
   */
  step(samples: number, meanwhile?: () => void): void {
    this.runAll(this.plan.train, samples, true, meanwhile);
  }

  /** Forward and loss, as outside of training. */
  forward(samples: number): void {
    this.runAll(this.plan.forward, samples, false);
  }

  dispose(): void {
    this.team.remove(this);
  }

  private runAll(
    phases: readonly number[],
    samples: number,
    training: boolean,
    meanwhile?: () => void,
  ): void {
    const pieces = this.plan.pieces(samples);
    for (let i = 0; i < phases.length; i++) {
      const phase = this.plan.phases[phases[i]];
      if (phase.parallel === "main") {
        this.custom?.(phase.layer, phase.pass, samples, training);
        continue;
      }
      const tasks = this.tasksOf(phase, samples);
      this.team.run(this, phases[i], tasks, pieces, samples, this.threads, i === 0 ? meanwhile : undefined);
    }
  }

  private tasksOf(phase: Phase, samples: number): number {
    if (phase.parallel === "main") return 1;
    return phase.parallel === "pieces" ? this.plan.pieces(samples) : phase.tasks(samples);
  }
}

import { Machine } from "./machine.js";
import { type Phase, type Plan, type PlanRequest, plan } from "./plan.js";
import type { HandWork } from "./stages/stage.js";

/** Runs what was written by hand, on the calling thread. */
export type ByHand = (work: HandWork, samples: number, training: boolean) => void;

/** A planned model with its memory and its compiled kernels. All views are over one memory; a step allocates nothing. */
export class Engine {
  readonly plan: Plan;
  readonly floats: Float32Array;
  readonly ints: Int32Array;
  private readonly machine: Machine;

  constructor(
    request: PlanRequest,
    threads: number,
    private readonly byHand?: ByHand,
  ) {
    this.plan = plan(request);
    const { program, bytes, phases, capacity } = this.plan;
    // a model too small for two pieces never leaves this thread
    const divisible = phases.some((phase) => this.tasksOf(phase, capacity) > 1);
    this.machine = new Machine({ program, bytes, phases, threads: divisible ? threads : 1 });
    this.floats = this.machine.floats;
    this.ints = this.machine.ints;
  }

  /**
   * Forward, backward and update for the samples whose addresses and labels stand in the tables.
   * @param meanwhile work for this thread while the others have begun
   */
  step(samples: number, meanwhile?: () => void): void {
    this.runAll(this.plan.train, samples, true, meanwhile);
  }

  /** Forward, and the loss where a kernel computes it, as outside of training. */
  forward(samples: number): void {
    this.runAll(this.plan.forward, samples, false);
  }

  dispose(): void {
    this.machine.dispose();
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
      if (phase.parallel === "main") this.byHand?.(phase.work, samples, training);
      else {
        const tasks = this.tasksOf(phase, samples);
        this.machine.run(phases[i], tasks, pieces, samples, i === 0 ? meanwhile : undefined);
      }
    }
  }

  private tasksOf(phase: Phase, samples: number): number {
    if (phase.parallel === "main") return 1;
    return phase.parallel === "pieces" ? this.plan.pieces(samples) : phase.tasks(samples);
  }
}

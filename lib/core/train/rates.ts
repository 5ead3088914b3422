import { configError, inWords } from "@gradbook/base";
import type { Measured, Schedule } from "../schedules/schedule.js";
import type { StepSchedule } from "../schedules/step-schedule.js";
import { warnOnce } from "./callbacks.js";

/** The learning rates of a run: what its schedule says, checked. */
export class Rates {
  private readonly schedule: Schedule | StepSchedule;
  private readonly base: number;
  private readonly stepsOfEpoch: number;
  private readonly steps: number;
  private present = 0;

  /**
   * @param base the optimizer's own rate
   * @param steps of the whole run
   */
  constructor(schedule: Schedule | StepSchedule, base: number, stepsOfEpoch: number, steps: number) {
    this.schedule = schedule;
    this.base = base;
    this.stepsOfEpoch = stepsOfEpoch;
    this.steps = steps;
  }

  /**
   * The rate of an epoch, from 1, or of its first step.
   * @param epochs those that are done, from 0 on
   * @throws GradbookError when the schedule returns no finite number
   */
  ofEpoch(epoch: number, epochs: readonly Measured[]): number {
    const { schedule, base } = this;
    if (typeof schedule !== "function") return this.ofStep((epoch - 1) * this.stepsOfEpoch + 1, epoch);
    const before = epochs.filter((done) => done.epoch < epoch && Number.isInteger(done.epoch));
    this.present = this.checked(`epoch ${epoch}`, schedule(epoch, base, before));
    return this.present;
  }

  /** The rate of a step, from 1 over the whole run, after that of its epoch was asked for. */
  ofStep(step: number, epoch: number): number {
    const { schedule, base, steps } = this;
    if (typeof schedule === "function") return this.present;
    return this.checked(
      `step ${step}`,
      schedule.perStep({ step, steps: Math.max(steps, step), epoch }, base),
    );
  }

  private checked(when: string, lr: unknown): number {
    if (typeof lr !== "number" || !Number.isFinite(lr)) {
      throw configError(
        `fit, ${when}`,
        `schedule returned ${inWords(lr)}`,
        "a learning rate, a finite number",
      );
    }
    if (lr === 0 && this.base !== 0)
      warnOnce(`fit, ${when}: the schedule gives the rate 0, with which nothing is learned.`);
    return lr;
  }
}

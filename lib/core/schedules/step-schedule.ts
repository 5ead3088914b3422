import {
  count,
  type Given,
  GradbookError,
  inWords,
  numberFrom,
  numberUpTo,
  option,
  options,
} from "@gradbook/base";
import { cosPi } from "../tensor/portable.js";
import { constant, describeAs, describeSchedule, type Schedule } from "./schedule.js";

/** Where a run stands, as a schedule of steps sees it. */
export interface Moment {
  /** Number of the step, from 1 over the whole run. */
  readonly step: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** The epoch that the step belongs to, from 1. */
  readonly epoch: number;
}

/**
 * Learning rate of each step. One of your own is an object with `perStep`.
 *
 * @example
 * ```ts
 * import type { StepSchedule } from "gradbook";
 *
 * // Vaswani et al. 2017: up in a straight line, then down with the root of the step
 * const transformer: StepSchedule = {
 *   perStep: ({ step }, lr) => lr * Math.min(step / 400, Math.sqrt(400 / step)),
 * };
 * console.log(transformer.perStep({ step: 100, steps: 1000, epoch: 1 }, 0.1)); // 0.025
 * ```
 */
export interface StepSchedule {
  /**
   * The rate of one step.
   * @param lr the optimizer's own rate
   */
  perStep(moment: Moment, lr: number): number;
}

const cosineDecayOptions = {
  /**
   * Share of the rate at the end of the run, in [0, 1].
   * @default 0
   */
  last: numberFrom(0, 1.0000001).or(0),
};
/**
 * Options of `cosineDecay`.
 * @interface
 */
export type CosineDecayConfig = Given<typeof cosineDecayOptions>;

/**
 * Half a cosine (Loshchilov & Hutter 2017, without restarts) from the optimizer's rate in the first step down to `last` times
 * it at the end of the run. PyTorch's CosineAnnealingLR, called after each step.
 * @throws GradbookError when `last` is not in [0, 1]
 *
 * @example
 * ```ts
 * import { cosineDecay } from "gradbook";
 *
 * const { perStep } = cosineDecay();
 * console.log([1, 51, 100].map((step) => perStep({ step, steps: 100, epoch: 1 }, 1).toFixed(4)).join()); // 1.0000,0.5000,0.0002
 * ```
 */
export function cosineDecay(config: CosineDecayConfig = {}): StepSchedule {
  const { last } = options("cosineDecay", cosineDecayOptions, config);
  return made("cosineDecay", { last }, ({ step, steps }, lr) => between(lr, last * lr, (step - 1) / steps));
}

const warmupOptions = {
  /** Steps until the full rate: step s of them has s/steps of it. */
  steps: count(),
  /**
   * What follows: a schedule of epochs or of steps, for the steps that are left.
   * @default constant
   */
  next: option<Schedule | StepSchedule>("a schedule", (v) => (isSchedule(v) ? v : undefined)).or(constant),
};
/**
 * Options of `warmup`.
 * @interface
 */
export type WarmupConfig = Given<typeof warmupOptions>;

/**
 * Up in a straight line over the first steps, then another schedule (Goyal et al. 2017).
 * @throws GradbookError when an option is missing, unknown or of another kind
 *
 * @example
 * ```ts
 * import { cosineDecay, warmup } from "gradbook";
 *
 * const { perStep } = warmup({ steps: 10, next: cosineDecay() });
 * console.log([1, 10, 11, 110].map((step) => perStep({ step, steps: 110, epoch: 1 }, 1).toFixed(4)).join()); // 0.1000,1.0000,1.0000,0.0002
 * ```
 */
export function warmup(config: WarmupConfig): StepSchedule {
  const { steps: first, next } = options("warmup", warmupOptions, config);
  const described = describeSchedule(next) ?? String(typeof next === "function" ? next : next.perStep);
  return made("warmup", { steps: first, next: described }, ({ step, steps, epoch }, lr) => {
    if (step <= first) return (lr * step) / first;
    if (typeof next === "function") return next(epoch, lr);
    return next.perStep({ step: step - first, steps: Math.max(steps - first, 1), epoch }, lr);
  });
}

const oneCycleOptions = {
  /**
   * Share of the steps in which the rate rises.
   * @default 0.3
   */
  rise: numberUpTo(0, 1).or(0.3),
  /**
   * The first rate is the optimizer's, the largest one, divided by this.
   * @default 25
   */
  firstDivisor: numberFrom(1).or(25),
  /**
   * The last rate is the first one divided by this.
   * @default 10000
   */
  lastDivisor: numberFrom(1).or(10000),
};
/**
 * Options of `oneCycle`.
 * @interface
 */
export type OneCycleConfig = Given<typeof oneCycleOptions>;

/**
 * Half a cosine up to the optimizer's rate and half a cosine down (Smith & Topin 2018). PyTorch's OneCycleLR, for the rate.
 * @throws GradbookError when an option is unknown or out of its range
 *
 * @example
 * ```ts
 * import { oneCycle } from "gradbook";
 *
 * const { perStep } = oneCycle();
 * console.log([1, 30, 100].map((step) => perStep({ step, steps: 100, epoch: 1 }, 1).toFixed(6)).join()); // 0.040000,1.000000,0.000004
 * ```
 */
export function oneCycle(config: OneCycleConfig = {}): StepSchedule {
  const parsed = options("oneCycle", oneCycleOptions, config);
  const { rise, firstDivisor, lastDivisor } = parsed;
  return made("oneCycle", parsed, ({ step, steps }, lr) => {
    const [first, top, end] = [lr / firstDivisor, rise * steps - 1, steps - 1];
    const at = step - 1;
    if (at <= top) return between(first, lr, top === 0 ? 1 : at / top);
    return between(lr, first / lastDivisor, end === top ? 1 : (at - top) / (end - top));
  });
}

/** From one rate to another along half a cosine; `passed` from 0 to 1. */
function between(from: number, to: number, passed: number): number {
  return to + ((from - to) * (1 + cosPi(Math.min(Math.max(passed, 0), 1)))) / 2;
}

function made(kind: string, config: object, perStep: StepSchedule["perStep"]): StepSchedule {
  return describeAs(kind, config, {
    perStep(moment, lr) {
      const { step, steps }: Partial<Moment> = Object(moment);
      if (!Number.isInteger(step) || !Number.isInteger(steps) || typeof lr !== "number") {
        throw new GradbookError({
          code: "config",
          what: kind,
          got: `a rate was asked for ${inWords(moment)}, ${inWords(lr)}`,
          expected: "{ step, steps, epoch } and the optimizer's rate",
        });
      }
      return perStep(moment, lr);
    },
  });
}

/** Whether a value is a schedule of epochs or of steps. */
export function isSchedule(value: unknown): value is Schedule | StepSchedule {
  if (typeof value === "function") return true;
  return (
    typeof value === "object" && value !== null && "perStep" in value && typeof value.perStep === "function"
  );
}

import { createHash } from "node:crypto";
import type { Setting } from "./grid.js";
import { canonical, type PlainValue } from "./plain-data.js";

/** One run of a sweep, as plain data: what can be sent to another process or machine. */
export interface Job {
  /** Its content address: the same key means the same result. */
  readonly key: string;
  readonly setting: Setting;
  readonly seed: number;
}

/** A finished run, as its file holds it. */
export interface Finished extends Job {
  /** What `run` returned; null when it diverged. */
  readonly result: PlainValue;
  /** Why there is no result: the words of the error. Only for a loss that is no longer a number. */
  readonly diverged?: string;
  /** Wall-clock time of the run. */
  readonly seconds: number;
}

/** The order of settings, then of seeds: all seeds of a setting stand together. */
export function jobsOf(settings: readonly Setting[], seeds: readonly number[], code: string): Job[] {
  return settings.flatMap((setting) =>
    seeds.map((seed) => ({ key: address(setting, seed, code), setting, seed })),
  );
}

/**
 * SHA-256 over everything that decides a result, as 32 hexadecimal digits.
 * @param code digest of the run's code and of what computes it
 */
export function address(setting: Setting, seed: number, code: string): string {
  return createHash("sha256").update(canonical({ code, seed, setting })).digest("hex").slice(0, 32);
}

/** `lr 0.1, activation tanh, seed 1` */
export function jobName({ setting, seed }: Pick<Job, "setting" | "seed">): string {
  return [...Object.entries(setting), ["seed", seed] as const]
    .map(([key, value]) => `${key} ${value}`)
    .join(", ");
}

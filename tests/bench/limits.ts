import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { median } from "./bench.js";
import { root } from "./root.js";
import type { Workload } from "./workloads.js";

/** A figure with a limit, measured in fresh processes. */
export interface Limit {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
}

/** Start, memory and planning; the median of `rounds` fresh processes each. */
export function measureLimits(workloads: readonly Workload[], rounds: number): Limit[] {
  const limits: Limit[] = [];
  const add = (what: string, values: readonly number[], unit: string, limit: number) =>
    limits.push({ what, value: Number(median(values).toPrecision(3)), unit, limit });
  const repeat = <T>(...args: string[]): T[] => Array.from({ length: rounds }, () => fresh<T>(args));

  if (workloads.some(({ id }) => id === "W1")) {
    const starts = repeat<{ milliseconds: number }>("start");
    add("from `import` to the end of hw4's first step", times(starts), "ms", 200);
    const runs = repeat<{ milliseconds: Record<string, number>; residentMiB: number }>("hw4");
    for (const batch of [1, 10, 32, 100]) {
      const each = runs.map(({ milliseconds }) => milliseconds[batch]);
      add(`hw4: 15 epochs on 1,000 images, batch ${batch}`, each, "ms", 500);
    }
    const resident = runs.map(({ residentMiB }) => residentMiB);
    add("most memory while hw4 trains, with Node's own", resident, "MiB", 160);
    const own = repeat<Record<"loss" | "rule" | "onStep" | "augment", number>>("own");
    const costs = { loss: "a loss", rule: "an update rule", onStep: "onStep", augment: "augment" } as const;
    for (const key of ["loss", "rule", "onStep", "augment"] as const) {
      const each = own.map((found) => found[key]);
      add(`hw4 at batch 10 with ${costs[key]} written by hand, × the built-in run's time`, each, "×", 1.5);
    }
    const skips = repeat<{ times: number }>("residual").map((found) => found.times);
    add(
      "three residual blocks of 16 channels at 28×28, × the time of their layers without the skips",
      skips,
      "×",
      1.3,
    );
  }
  for (const { id } of workloads) {
    add(`planning ${id}: layout, kernels, compilation, memory`, times(repeat("plan", id)), "ms", 50);
  }
  return limits;
}

function times(found: readonly { readonly milliseconds: number }[]): number[] {
  return found.map(({ milliseconds }) => milliseconds);
}

/** What a fresh process answers. */
export function fresh<T>(args: readonly string[]): T {
  const script = join(root, "tests/dist/bench/peers/fresh.js");
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return JSON.parse(stdout);
}

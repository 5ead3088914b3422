import { fresh } from "./limits.js";
import type { Workload } from "./workloads.js";

/** Where one thread spends a training step of a workload. */
export interface Profile {
  readonly workload: string;
  /** Multiplications and additions of the matrix products in one step, in 10⁹. */
  readonly gflop: number;
  /** Milliseconds of each kind of phase. */
  readonly phases: Readonly<Record<string, number>>;
}

/** Profiles of the workloads that are matrix products and little else. */
export function measureProfiles(workloads: readonly Workload[]): Profile[] {
  return workloads
    .filter(({ layers }) => layers.every(({ kind }) => ["flatten", "linear", "leakyRelu"].includes(kind)))
    .map((workload) => ({
      workload: workload.id,
      gflop: products(workload),
      phases: fresh(["profile", workload.id]),
    }));
}

/** y = x·Wᵀ, dW = dyᵀ·x and, but for the first layer, dx = dy·W: each 2·N·in·out. */
function products({ layers, batches }: Workload): number {
  const sizes = layers.flatMap((layer) => (layer.kind === "linear" ? [layer.in * layer.out] : []));
  const times = sizes.map((size, i) => size * (i === 0 ? 2 : 3));
  return (2 * batches[batches.length - 1] * times.reduce((sum, n) => sum + n, 0)) / 1e9;
}

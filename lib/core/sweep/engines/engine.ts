import { configError } from "@gradbook/base";
import type { Engine } from "./work.js";

const engines = {
  local: async () => (await import("./local.js")).local,
  parallel: async () => (await import("./gnu-parallel.js")).gnuParallel,
  slurm: async () => (await import("./slurm.js")).slurm,
} satisfies Record<string, () => Promise<Engine>>;

/**
 * Where the runs of a sweep are made.
 * @inline
 */
export type EngineName = keyof typeof engines;

export const engineNames: readonly EngineName[] = ["local", "parallel", "slurm"];

export async function loadEngine(name: EngineName): Promise<Engine> {
  if (Object.hasOwn(engines, name)) return engines[name]();
  throw configError("sweep", `engine ${JSON.stringify(name)}`, `one of ${engineNames.join(", ")}`);
}

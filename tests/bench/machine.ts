import { readFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import type { Machine } from "./results.js";
import { cores } from "./systems.js";

/** What a reader needs to know of the machine to compare figures with his own. */
export function describeMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown processor",
    cores,
    vectors: vectorUnits(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release().split("-")[0]} ${process.arch}`,
    node: process.versions.node,
  };
}

/** The widest vectors that native peers can use. */
function vectorUnits(): string {
  if (process.arch === "arm64") return "NEON";
  if (process.platform !== "linux") return "vector units unknown";
  const flags = readFileSync("/proc/cpuinfo", "utf8");
  return /\bavx512f\b/.test(flags) ? "AVX-512" : /\bavx2\b/.test(flags) ? "AVX2" : "no AVX2";
}

import { existsSync, readFileSync } from "node:fs";
import type { Missing, Row } from "./bench.js";
import type { GemmRow } from "./gemm.js";
import type { Limit } from "./limits.js";
import type { Profile } from "./profile.js";
import type { TsneRow } from "./tsne.js";

/** Everything that one run found out; bench.json is this record. */
export interface Results {
  readonly machine: Machine;
  readonly rows: readonly Row[];
  readonly missing: readonly Missing[];
  readonly gemm: readonly GemmRow[];
  readonly tsne: readonly TsneRow[];
  readonly limits: readonly Limit[];
  readonly profiles: readonly Profile[];
  readonly versions: readonly string[];
  readonly settings: { readonly rounds: number; readonly seconds: number; readonly anyway: boolean };
  /** Measurements thrown away because somebody else used the cores. */
  readonly disturbed: number;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly vectors: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
}

/** The best row of a workload and batch size among the systems whose name starts so. */
export function best(rows: readonly Row[], workload: string, batch: number, name: string): Row | undefined {
  return rows
    .filter((row) => row.workload === workload && row.batch === batch && row.system.startsWith(name))
    .reduce<Row | undefined>(
      (top, row) => (top === undefined || row.imagesPerSecond > top.imagesPerSecond ? row : top),
      undefined,
    );
}

/** What an earlier run wrote; undefined if there is none. */
export function readResults(path: string): Results | undefined {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Parts that were measured anew take the place of the earlier ones; the others stay, if the machine is the same. */
export function mergeResults(earlier: Results, measured: Results): Results {
  if (JSON.stringify(earlier.machine) !== JSON.stringify(measured.machine)) return measured;
  const anew = new Set(measured.rows.map(({ workload, batch }) => `${workload} ${batch}`));
  const stays = ({ workload, batch }: { workload: string; batch: number }) =>
    !anew.has(`${workload} ${batch}`);
  const newer = <T>(before: readonly T[] | undefined, after: readonly T[]): readonly T[] =>
    after.length > 0 ? after : (before ?? []);
  const rows = [...earlier.rows.filter(stays), ...measured.rows];
  return {
    ...(measured.rows.length > 0 ? measured : earlier),
    rows,
    missing: [
      ...earlier.missing.filter(stays),
      ...measured.missing.filter(({ workload }) => workload !== ""),
    ],
    gemm: newer(earlier.gemm, measured.gemm),
    tsne: newer(earlier.tsne, measured.tsne),
    limits: newer(earlier.limits, measured.limits),
    profiles: newer(earlier.profiles, measured.profiles),
    versions: newer(measured.versions, earlier.versions),
  };
}

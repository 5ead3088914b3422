import { type Bench, median } from "./bench.js";
import { cores, type Lineup } from "./systems.js";

/** Speed of C = A·B for 1024×1024 floats, 2·1024³ operations. */
export interface GemmRow {
  readonly system: string;
  readonly threads: number;
  readonly gflops: number;
}

/** gradbook's own kernel and NumPy's BLAS, on one core and on all. */
export async function measureGemm(bench: Bench, { commands }: Lineup, seconds: number): Promise<GemmRow[]> {
  const rows: GemmRow[] = [];
  const measure = async (system: string, peer: string, threads: number) => {
    if (commands[peer] === undefined) return;
    const { found, reason } = await bench.repeat(peer, { workload: "GEMM", size: 1024, threads, seconds });
    if (found.length === 0) console.log(`  GEMM, ${system}, ${threads} threads: ${reason}`);
    else {
      const gflops = median(found.map((answer) => answer.gflops ?? 0));
      rows.push({ system, threads, gflops: Number(gflops.toPrecision(4)) });
    }
  };
  for (const threads of cores > 1 ? [1, cores] : [1]) {
    await measure("gradbook", "gradbook", threads);
    await measure("NumPy", threads === 1 ? "numpy, one thread" : "numpy", threads);
  }
  return rows;
}

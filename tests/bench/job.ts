import type { BenchModel } from "./workloads.js";

/** What a peer is asked to do; a line of JSON. */
export type Job =
  | (BenchModel & {
      readonly workload: string;
      readonly batch: number;
      readonly mode: string;
      readonly threads: number;
      /** How long to measure; 0: only make everything ready. */
      readonly seconds: number;
    })
  | { readonly workload: "GEMM"; readonly size: number; readonly threads: number; readonly seconds: number }
  | {
      readonly workload: "TSNE";
      /** [N][F] */
      readonly features: readonly (readonly number[])[];
      readonly perplexity: number;
      readonly iterations: number;
      readonly method: string;
    };

/** What it answers: a number, nothing for 0 seconds, or the reason why it cannot. */
export interface Answer {
  readonly imagesPerSecond?: number;
  /** Of GEMM: 10⁹ multiplications and additions a second. */
  readonly gflops?: number;
  /** Of t-SNE: seconds, and the map. */
  readonly took?: number;
  readonly points?: number[][];
  readonly reason?: string;
}

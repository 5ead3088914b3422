import { markdown } from "./markdown.js";
import { best, type Results } from "./results.js";
import type { Workload } from "./workloads.js";

/** What of the goals was missed, and why: the profile, what was tried, and what follows. */
export function misses(results: Results, workloads: readonly Workload[]): string[] {
  const { profiles, gemm, limits } = results;
  const short = workloads.flatMap(({ id, batches, goal }) =>
    batches.flatMap((batch, i) => {
      const [ours, theirs] = [
        best(results.rows, id, batch, "gradbook"),
        best(results.rows, id, batch, "PyTorch"),
      ];
      if (ours === undefined || theirs === undefined) return [];
      const ratio = ours.imagesPerSecond / theirs.imagesPerSecond;
      return ratio < goal[i] ? [{ id, ratio, goal: goal[i] }] : [];
    }),
  );
  const lines: string[] = [];
  const own = gemm.find(({ system, threads }) => system === "gradbook" && threads === 1);
  const blas = gemm.find(({ system, threads }) => system === "NumPy" && threads === 1);
  if (own !== undefined && own.gflops < 55) {
    lines.push(
      `* **The matrix product.** WebAssembly has vectors of 128 bits and no fused multiply-add; ` +
        (blas === undefined
          ? ""
          : `NumPy's BLAS on AVX-512 reaches ${blas.gflops.toFixed(0)} GFLOP/s a core. `) +
        `Of the instructions of our inner loop 16 are arithmetic, 6 load, and the loop's own come on top, so that the processor's front end is full before its arithmetic is. ` +
        `Tried: blocks of C larger than 4 × 8 and a loop unrolled twice (both spill: V8 up to Node 22 moves every load of straight-line code in front of all arithmetic, and there are 15 registers); ` +
        `relaxed SIMD (a flag on Node 20, and other bits on other processors: not for us); factors in blocks of four rows and panels of eight columns (kept).`,
    );
  }
  for (const { id, ratio, goal } of short) {
    const profile = profiles.find(({ workload }) => workload === id);
    if (profile === undefined) {
      lines.push(`* **${id}**: \`npm run bench -- --only PROFILE\` has not been run.`);
      continue;
    }
    const { products = 0, ...rest } = profile.phases;
    const others = Object.values(rest).reduce((sum, ms) => sum + ms, 0);
    const share = products / (products + others);
    lines.push(
      `* **${id}.** ${(100 * share).toFixed(0)} % of a step are products, at ${((1000 * profile.gflop) / products).toFixed(0)} GFLOP/s: ` +
        `were everything else free, the ratio would be ${(ratio / share).toFixed(2)} (goal ${goal}). ` +
        `PyTorch's products use AVX-512. A thread keeps its pieces of the batch, so that they stay in its cache (kept); ` +
        `each factor is packed once a step.`,
    );
  }
  for (const { what, value, limit } of limits) {
    if (value <= limit) continue;
    const reason = reasons.find(([start]) => what.startsWith(start))?.[1];
    lines.push(
      `* **${what}**: ${(value / limit).toFixed(2)} × the limit.${reason === undefined ? "" : ` ${reason}`}`,
    );
  }
  if (lines.length === 0) return [];
  return ["", "## What was missed, and why", "", ...profileTable(results), ...lines];
}

/** By the beginning of what was measured. */
const reasons: readonly (readonly [string, string])[] = [
  [
    "from `import`",
    "Reading and compiling the library is the larger part (one file instead of its three hundred halved it), then come planning and the evaluation of epoch 0.",
  ],
  [
    "hw4",
    "15,000 steps of one image each, and an evaluation of 1,100 images after every epoch: a step of one image is too small for a second thread.",
  ],
  [
    "planning W5",
    "The processor's profile shows the copy of 9,231,114 parameters into fresh memory (page faults) and the rendering of the kernels of eight convolutions with batch norm; V8 compiles them in a millisecond.",
  ],
];

function profileTable({ profiles }: Results): string[] {
  if (profiles.length === 0) return [];
  const kinds = [...new Set(profiles.flatMap(({ phases }) => Object.keys(phases)))];
  const rows = profiles.map(({ workload, gflop, phases }) => [
    workload,
    ...kinds.map((kind) => `${(phases[kind] ?? 0).toFixed(2)} ms`),
    `${((1000 * gflop) / (phases.products ?? Number.NaN)).toFixed(0)} GFLOP/s`,
  ]);
  return ["A step on one thread:", "", ...markdown(["", ...kinds, "products"], rows), ""];
}

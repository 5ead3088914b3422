import type { Row } from "./bench.js";
import { markdown } from "./markdown.js";
import { misses } from "./misses.js";
import { best, type Results } from "./results.js";
import type { TsneRow } from "./tsne.js";
import type { Workload } from "./workloads.js";

/** A page that GitHub and JupyterLab show: ratios first, then every figure, then what could not be measured and why. */
export function page(results: Results, workloads: readonly Workload[]): string {
  const { machine, rows, gemm, tsne, limits, missing, settings, versions, disturbed } = results;
  const lines: string[] = ["# Benchmarks", ""];
  lines.push(
    `${machine.processor}, ${machine.cores} cores (${machine.vectors}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}. ` +
      `Images per second of training: forward, softmax cross-entropy, backward and optimizer step, on batches that lie ready in memory. ` +
      `Median of ${settings.rounds} interleaved rounds of ${settings.seconds} s; ` +
      (settings.anyway
        ? "**rounds count although other processes may have used the cores**."
        : `a round counts only when no other process used the cores (${disturbed} measurements were repeated).`),
    "",
    `Made by \`npm run bench\` with ${versions.join("; ")}.`,
    "",
    "## gradbook beside the best PyTorch mode",
    "",
  );
  const measured = workloads.filter(({ id }) => rows.some((row) => row.workload === id));
  const compared = measured.flatMap((workload) =>
    workload.batches.map((batch, index) => comparison(rows, workload, batch, workload.goal[index])),
  );
  lines.push(
    ...markdown(["workload", "batch", "gradbook", "best PyTorch", "ratio", "goal", ""], compared),
    "",
  );
  for (const workload of measured) lines.push(`* **${workload.id}**: ${workload.title}`);

  lines.push("", "## Every system", "");
  const cases = measured.flatMap(({ id, batches }) => batches.map((batch) => ({ id, batch })));
  const systems = [...new Set(rows.map(({ system, threads }) => label(system, threads)))];
  const table = systems.map((name) => [
    name,
    ...cases.map(({ id, batch }) => {
      const row = rows.find(
        (r) => r.workload === id && r.batch === batch && label(r.system, r.threads) === name,
      );
      return row === undefined ? "–" : rate(row.imagesPerSecond);
    }),
  ]);
  lines.push(...markdown(["", ...cases.map(({ id, batch }) => `${id} b${batch}`)], table));

  if (gemm.length > 0) {
    lines.push("", "## C = A·B, 1024³, float32", "");
    const cells = gemm.map(({ system, threads, gflops }) => [
      system,
      `${threads}`,
      `${gflops.toFixed(0)} GFLOP/s`,
      system === "gradbook" ? (threads === 1 ? "55" : threads === 2 ? "105" : "") : "",
    ]);
    lines.push(...markdown(["system", "threads", "speed", "goal"], cells));
  }
  if (tsne.length > 0) {
    lines.push("", "## t-SNE, 1,000 iterations, perplexity 30", "");
    const cells = tsne.map((row) => [
      `${row.samples}`,
      row.system,
      `${row.seconds} s`,
      `${row.kl}`,
      `${row.trustworthiness}`,
      row.system === "gradbook" ? tsneVerdict(tsne, row) : "",
    ]);
    lines.push(...markdown(["samples", "system", "time", "KL", "trustworthiness", ""], cells));
  }
  if (limits.length > 0) {
    lines.push("", "## Start, memory, planning", "");
    const cells = limits.map(({ what, value, unit, limit }) => [
      what,
      `${value} ${unit}`,
      `${limit} ${unit}`,
      value <= limit ? "" : `**${(value / limit).toFixed(2)} × the limit**`,
    ]);
    lines.push(...markdown(["", "measured", "at most", ""], cells));
  }
  lines.push(...misses(results, measured));
  if (missing.length > 0) {
    lines.push("", "## What could not be measured", "");
    const reasons = new Map<string, string[]>();
    for (const { system, workload, batch, reason } of missing) {
      const key = `${system}: ${reason}`;
      reasons.set(key, [...(reasons.get(key) ?? []), workload === "" ? "all" : `${workload} b${batch}`]);
    }
    for (const [key, places] of reasons) lines.push(`* ${key} (${[...new Set(places)].join(", ")})`);
  }
  return `${lines.join("\n")}\n`;
}

function comparison(rows: readonly Row[], workload: Workload, batch: number, goal: number): string[] {
  const ours = best(rows, workload.id, batch, "gradbook");
  const theirs = best(rows, workload.id, batch, "PyTorch");
  const cell = (row: Row | undefined) =>
    row === undefined ? "–" : `${rate(row.imagesPerSecond)} (${mode(row)}, ${row.threads} thr.)`;
  const ratio =
    ours === undefined || theirs === undefined ? undefined : ours.imagesPerSecond / theirs.imagesPerSecond;
  return [
    workload.id,
    `${batch}`,
    cell(ours),
    cell(theirs),
    ratio === undefined ? "–" : `${ratio.toFixed(2)}`,
    `${goal}`,
    ratio === undefined || ratio >= goal ? "" : `**missed by ${((1 - ratio / goal) * 100).toFixed(0)} %**`,
  ];
}

/** gradbook's map beside the others of the same samples: time as a ratio, divergence as a ratio. */
function tsneVerdict(rows: readonly TsneRow[], ours: TsneRow): string {
  const other = (system: string) => rows.find((row) => row.samples === ours.samples && row.system === system);
  const [tree, exact, js] = ["scikit-learn Barnes–Hut", "scikit-learn exact", "tsne-js"].map(other);
  const parts: string[] = [];
  if (tree) parts.push(`${(tree.seconds / ours.seconds).toFixed(1)} × as fast as Barnes–Hut`);
  if (exact) parts.push(`KL ${(ours.kl / exact.kl).toFixed(3)} × exact (at most 1.02)`);
  if (js) parts.push(`${(js.seconds / ours.seconds).toFixed(0)} × as fast as tsne-js (at least 100)`);
  return parts.join("; ");
}

const label = (system: string, threads: number): string => `${system}, ${threads} thr.`;
const mode = ({ system }: Row): string => system.replace(/^PyTorch /, "").replace(/^gradbook$/, "fit");

/** Three digits: 27.8k, 860, 14.1. */
export function rate(imagesPerSecond: number): string {
  if (imagesPerSecond >= 999.5) return `${Number((imagesPerSecond / 1000).toPrecision(3))}k`;
  return `${Number(imagesPerSecond.toPrecision(3))}`;
}

// npm run bench: gradbook beside PyTorch, TensorFlow.js, ConvNetJS and a NumPy network, in one run. Writes
// reports/bench/bench.json and reports/bench/index.md.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Bench, DISTURBED, type Missing, type Row } from "./bench.js";
import { type GemmRow, measureGemm } from "./gemm.js";
import { type Limit, measureLimits } from "./limits.js";
import { describeMachine } from "./machine.js";
import { page, rate } from "./page.js";
import { measureProfiles } from "./profile.js";
import { best, mergeResults, type Results, readResults } from "./results.js";
import { root } from "./root.js";
import { prepareNpm, preparePython } from "./setup.js";
import { lineup } from "./systems.js";
import { measureTsne, type TsneRow } from "./tsne.js";
import { type Workload, workloads } from "./workloads.js";

const usage = `npm run bench -- [options]

  --only W1,GEMM   some of ${workloads.map(({ id }) => id).join(", ")}, GEMM, TSNE, LIMITS, PROFILE; default: all
  --quick          two short rounds, without torch.compile: a look, no result
  --rounds N       rounds for each workload; default 3
  --python PATH    a Python that has torch, numpy and scikit-learn; default: one of the benchmark's own in .cache/bench
  --anyway         counts rounds in which other processes used the cores
  --out DIR        where bench.json and index.md go; default reports/bench, with --only or --quick .cache/bench;
                   with --only, what DIR holds of other parts stays as it is`;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    python: { type: "string" },
    anyway: { type: "boolean", default: false },
    out: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(usage);
else await main();

async function main(): Promise<void> {
  const wanted = values.only?.split(",").map((id) => id.trim());
  const known = [...workloads.map(({ id }) => id), "GEMM", "TSNE", "LIMITS", "PROFILE"];
  const unknown = wanted?.find((id) => !known.includes(id));
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 3));
  if (unknown !== undefined || !(Number.isInteger(rounds) && rounds >= 1)) {
    const wrong = unknown === undefined ? `--rounds ${values.rounds}` : `--only ${unknown}`;
    console.error(
      `bench: ${wrong}, expected ${unknown === undefined ? "a whole number from 1" : known.join(", ")}.\n\n${usage}`,
    );
    process.exitCode = 2;
    return;
  }
  const chosen = workloads.filter(({ id }) => wanted === undefined || wanted.includes(id));
  const settings = {
    rounds,
    seconds: values.quick ? 0.2 : 1,
    patience: values.quick ? 3 : 60,
    anyway: values.anyway,
  };

  const line = lineup(preparePython(values.python), prepareNpm(), values.quick);
  const missing: Missing[] = line.absent.map(({ system, reason }) => ({
    workload: "",
    batch: 0,
    system,
    reason,
  }));
  const bench = new Bench(line, settings);
  const rows: Row[] = [];
  let gemm: GemmRow[] = [];
  let tsne: TsneRow[] = [];
  let limits: Limit[] = [];
  try {
    for (const workload of chosen) {
      for (const batch of workload.batches) {
        const found = await bench.compare(workload, batch);
        rows.push(...found.rows);
        missing.push(...found.missing);
        console.log(summary(found.rows, workload, batch));
      }
    }
    if (wanted === undefined || wanted.includes("GEMM"))
      gemm = await measureGemm(bench, line, settings.seconds);
    if (wanted === undefined || wanted.includes("TSNE")) tsne = await measureTsne(bench, line, values.quick);
  } finally {
    bench.stop();
  }
  if (wanted === undefined || wanted.includes("LIMITS")) limits = measureLimits(workloads, rounds);
  const profiles = wanted === undefined || wanted.includes("PROFILE") ? measureProfiles(workloads) : [];

  const measured: Results = {
    machine: describeMachine(),
    rows,
    missing,
    gemm,
    tsne,
    limits,
    profiles,
    versions: [...bench.abouts.values()].filter((about, i, all) => all.indexOf(about) === i),
    settings,
    disturbed: bench.disturbed,
  };
  const part = wanted !== undefined || values.quick;
  const out = values.out ?? join(root, part ? ".cache/bench" : "reports/bench");
  mkdirSync(out, { recursive: true });
  const kept = wanted === undefined ? undefined : readResults(join(out, "bench.json"));
  const results = kept === undefined ? measured : mergeResults(kept, measured);
  writeFileSync(join(out, "bench.json"), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(out, "index.md"), page(results, workloads));
  for (const { system, threads, gflops } of gemm)
    console.log(`GEMM 1024³  ${system}, ${threads} threads: ${gflops} GFLOP/s`);
  for (const { samples, system, seconds, kl } of tsne) {
    console.log(`t-SNE of ${samples}  ${system}: ${seconds} s, KL ${kl}`);
  }
  for (const { what, value, unit, limit } of limits)
    console.log(`${what}: ${value} ${unit} (at most ${limit})`);
  for (const { workload, phases } of profiles) {
    const parts = Object.entries(phases).map(([kind, ms]) => `${kind} ${ms.toFixed(2)} ms`);
    console.log(`${workload}, a step on one thread: ${parts.join(", ")}`);
  }
  const busy = missing.filter(({ reason }) => reason === DISTURBED).length;
  if (busy > 0) {
    console.log(
      `${busy} figures are missing because ${DISTURBED}: end them, or count such rounds too with --anyway.`,
    );
  }
  console.log(`Written: ${join(out, "index.md")} and bench.json beside it`);
}

/** One line to look at while the rest is measured. */
function summary(rows: readonly Row[], { id }: Workload, batch: number): string {
  const ours = best(rows, id, batch, "gradbook");
  const theirs = best(rows, id, batch, "PyTorch");
  const ratio =
    ours === undefined || theirs === undefined
      ? ""
      : `, ratio ${(ours.imagesPerSecond / theirs.imagesPerSecond).toFixed(2)}`;
  const others = rows
    .filter((row) => row !== ours && row !== theirs)
    .map(({ system, threads, imagesPerSecond }) => `${system}/${threads} ${rate(imagesPerSecond)}`);
  const figure = (row: Row | undefined) => (row === undefined ? "–" : rate(row.imagesPerSecond));
  return `${id} b${batch}: gradbook ${figure(ours)}, ${theirs?.system ?? "PyTorch"} ${figure(theirs)}${ratio} · ${others.join(" · ")}`;
}

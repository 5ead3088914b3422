import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Bench, median } from "./bench.js";
import { page, rate } from "./page.js";
import { isQuiet, othersShare } from "./quiet.js";
import { mergeResults, type Results } from "./results.js";
import { root } from "./root.js";
import type { Lineup, System } from "./systems.js";
import { workloads } from "./workloads.js";

const folder = mkdtempSync(join(tmpdir(), "gradbook-bench-"));
after(() => rmSync(folder, { recursive: true }));

/** A system that answers as the JavaScript text says; `job` is what it was asked. */
function fake(name: string, answer: string): { system: System; command: Lineup["commands"][string] } {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { serve } from ${JSON.stringify(join(root, "tests/bench/peers/protocol.mjs"))};\n` +
      `await serve("${name} 1.0", (job) => { ${answer} });\n`,
  );
  return {
    system: { name, threads: 1, mode: "", peer: name },
    command: { command: process.execPath, args: [file] },
  };
}

async function compare(...fakes: ReturnType<typeof fake>[]) {
  const commands = Object.fromEntries(fakes.map(({ system, command }) => [system.peer, command]));
  const line: Lineup = { systems: fakes.map(({ system }) => system), commands, absent: [] };
  const bench = new Bench(line, { rounds: 3, seconds: 0.01, patience: 0, anyway: true });
  try {
    return { ...(await bench.compare(workloads[0], 10)), abouts: bench.abouts };
  } finally {
    bench.stop();
  }
}

test("bench: the median of three rounds, after one that only makes ready", async () => {
  const counting = fake(
    "counting",
    "globalThis.asked = (globalThis.asked ?? 0) + 1; return job.seconds === 0 ? {} : { imagesPerSecond: [0, 7, 100, 9][globalThis.asked - 1] };",
  );
  const { rows, missing, abouts } = await compare(counting);
  assert.deepEqual(rows, [
    { workload: "W1", batch: 10, system: "counting", threads: 1, imagesPerSecond: 9, rounds: [7, 100, 9] },
  ]);
  assert.deepEqual(missing, []);
  assert.equal(abouts.get("counting"), "counting 1.0");
});

test("bench: a system that refuses, dies or was never there is listed with its reason, the others go on", async () => {
  const absent = fake("absent", "");
  const { rows, missing } = await compare(
    fake("refusing", 'throw new Error("it has no batchNorm2d");'),
    fake("dying", 'console.error("out of memory"); process.exit(3);'),
    { ...absent, command: { command: join(folder, "no-such-program"), args: [] } },
    fake("working", "return job.seconds === 0 ? {} : { imagesPerSecond: 5 };"),
  );
  assert.deepEqual(
    rows.map(({ system }) => system),
    ["working"],
  );
  assert.deepEqual(
    missing.map(({ system, reason }) => `${system}: ${reason}`.replace(folder, "")),
    [
      "refusing: Error: it has no batchNorm2d",
      "dying: its process ended: out of memory",
      "absent: its process ended: spawn /no-such-program ENOENT",
    ],
  );
});

test("quiet: others' time is everyone's less our own, two cores", () => {
  const before = { everyone: 1000, own: 500, at: 0 };
  // one second of two cores is 200 ticks (of 10 ms) on the author's machine; 4 ticks are rounding
  const share = (everyone: number, own: number) =>
    othersShare(before, { everyone: 1000 + everyone, own: 500 + own, at: 1000 }, 2);
  assert.equal(share(150, 150), 0);
  assert.equal(share(154, 150), 0);
  assert.equal(share(174, 150), 0.1);
  assert.equal(share(100, 103), 0);
});

test("quiet: where the system does not count processor time, every round counts", () => {
  assert.equal(isQuiet(undefined, undefined), true);
});

const machine = {
  processor: "Some processor",
  cores: 2,
  vectors: "AVX2",
  memoryGiB: 8,
  system: "Linux 6 x64",
  node: "20.0.0",
};
const row = (system: string, threads: number, imagesPerSecond: number, batch = 1) => ({
  ...{ workload: "W1", batch, system, threads, imagesPerSecond, rounds: [imagesPerSecond] },
});
const results: Results = {
  machine,
  rows: [
    row("gradbook", 1, 48000),
    row("gradbook", 2, 47000),
    row("PyTorch eager", 2, 1500),
    row("PyTorch fused", 1, 2000),
    row("gradbook", 2, 6000, 10),
    row("PyTorch eager", 1, 2000, 10),
  ],
  missing: [
    { workload: "W1", batch: 1, system: "TensorFlow.js wasm", reason: "no such kernel" },
    { workload: "W1", batch: 10, system: "TensorFlow.js wasm", reason: "no such kernel" },
  ],
  gemm: [{ system: "gradbook", threads: 1, gflops: 57.4 }],
  tsne: [
    { samples: 500, system: "gradbook", seconds: 0.25, kl: 0.5, trustworthiness: 0.99 },
    { samples: 500, system: "scikit-learn Barnes–Hut", seconds: 0.5, kl: 0.6, trustworthiness: 0.98 },
    { samples: 500, system: "tsne-js", seconds: 40, kl: 0.7, trustworthiness: 0.97 },
  ],
  limits: [{ what: "planning W1", value: 100, unit: "ms", limit: 50 }],
  profiles: [{ workload: "W4a", gflop: 0.25, phases: { products: 5, packing: 1, optimizer: 0.25 } }],
  versions: ["PyTorch 2.13.0"],
  settings: { rounds: 3, seconds: 1, anyway: false },
  disturbed: 2,
};

test("page: the best of gradbook beside the best of PyTorch, a missed goal in words", () => {
  const text = page(results, workloads.slice(0, 1));
  assert.match(text, /\| W1 \| 1 \| 48k \(fit, 1 thr\.\) \| 2k \(fused, 1 thr\.\) \| 24\.00 \| 20 \| {2}\|/);
  assert.match(text, /\| W1 \| 10 \| 6k .* \| 3\.00 \| 5 \| \*\*missed by 40 %\*\* \|/);
  assert.match(text, /\| W1 \| 32 \| – \| – \| – \| 4 \| {2}\|/);
  assert.match(text, /\| gradbook \| 1 \| 57 GFLOP\/s \| 55 \|/);
  assert.match(
    text,
    /\| 500 \| gradbook \| 0\.25 s \| 0\.5 \| 0\.99 \| 2\.0 × as fast as Barnes–Hut; 160 × as fast as tsne-js/,
  );
  assert.match(text, /planning W1 \| 100 ms \| 50 ms \| \*\*2\.00 × the limit\*\*/);
  assert.match(text, /\* TensorFlow\.js wasm: no such kernel \(W1 b1, W1 b10\)/);
  assert.match(text, /2 measurements were repeated/);
});

test("page: what was missed, with the profile and the ratio that it leaves possible", () => {
  const w4a = workloads.filter(({ id }) => id === "W4a");
  const rows = [row("gradbook", 2, 6000), row("PyTorch fused", 2, 10000)].map((r) => ({
    ...r,
    workload: "W4a",
    batch: 200,
  }));
  const text = page({ ...results, rows, gemm: [], limits: [] }, w4a);
  assert.match(text, /\| W4a \| 5\.00 ms \| 1\.00 ms \| 0\.25 ms \| 50 GFLOP\/s \|/);
  assert.match(
    text,
    /\*\*W4a\.\*\* 80 % of a step are products, at 50 GFLOP\/s: .* ratio would be 0\.75 \(goal 0\.75\)/,
  );
  const reached = {
    ...results,
    rows: [{ ...rows[0], imagesPerSecond: 9000 }, rows[1]],
    gemm: [],
    limits: [],
  };
  assert.doesNotMatch(page(reached, w4a), /What was missed/);
});

test("a part measured anew takes the place of the earlier one, the rest stays; another machine starts anew", () => {
  const anew: Results = {
    ...results,
    rows: [row("gradbook", 1, 50000)],
    missing: [],
    gemm: [],
    tsne: [],
    limits: [],
    profiles: [],
  };
  const merged = mergeResults(results, anew);
  assert.deepEqual(
    merged.rows.map(({ batch, imagesPerSecond }) => [batch, imagesPerSecond]),
    [
      [10, 6000],
      [10, 2000],
      [1, 50000],
    ],
  );
  assert.deepEqual(
    merged.missing.map(({ batch }) => batch),
    [10],
  );
  assert.deepEqual([merged.gemm, merged.limits], [results.gemm, results.limits]);
  assert.deepEqual(mergeResults({ ...results, machine: { ...machine, cores: 64 } }, anew), anew);
});

test("rates have three digits; medians of even and odd counts", () => {
  assert.deepEqual([112345, 999.6, 860.4, 14.06].map(rate), ["112k", "1k", "860", "14.1"]);
  assert.deepEqual([median([3, 1, 2]), median([4, 1, 2, 3])], [2, 2.5]);
});

test("npm run bench refuses an unknown workload and odd rounds, and names the known ones", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, "tests/dist/bench/main.js"), ...args], { encoding: "utf8" });
  const unknown = run("--only", "W9");
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /bench: --only W9, expected W1, W2, .*, GEMM, TSNE, LIMITS, PROFILE\./);
  assert.match(run("--rounds", "0").stderr, /bench: --rounds 0, expected a whole number from 1\./);
});

test("W5 has the parameters of the original: 9,231,114", () => {
  const vgg = workloads.find(({ id }) => id === "W5");
  let count = 0;
  for (const layer of vgg?.layers ?? []) {
    if (layer.kind === "conv2d") count += layer.out * (layer.in * layer.kernel * layer.kernel + 1);
    if (layer.kind === "linear") count += layer.out * (layer.in + 1);
    if (layer.kind === "batchNorm2d") count += 2 * layer.features;
  }
  assert.equal(count, 9231114);
});

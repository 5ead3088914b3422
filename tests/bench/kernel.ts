// npm run bench:kernel — the kernel beside stock tslab, in one run, alternating. Prints a table and writes
// reports/bench/kernel.md and kernel.json. Times in milliseconds, memory in MB.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, type } from "node:os";
import { join } from "node:path";
import { kernelSpec } from "#kernel/jupyter/kernelspec.js";
import { pause, root, stockTslab, TestKernel } from "../support/kernel.js";

const rounds = 3;

/** What a figure may be: a share of stock tslab's (`ratio`), or milliseconds (`limit`). */
const goals: Readonly<Record<string, { readonly ratio?: number; readonly limit?: number }>> = {
  ready: { ratio: 0.6 },
  "trivial cell, median of 50": { ratio: 0.3 },
  "first cell that imports gradbook": { limit: 500 },
  "idle memory (proportional set size of the process tree)": { ratio: 1.2 },
  "100,000 lines printed": { limit: 500 },
  "heartbeat during a loop, slowest of 10": { limit: 100 },
  "completion during a loop, first": { limit: 100 },
  "completion during a loop, slowest of the next 9": { limit: 100 },
  "interrupt answered during a loop": { limit: 100 },
  "tight loop ended after an interrupt": { limit: 500 },
};
const contenders = { gradbook: kernelSpec("gradbook").argv, tslab: stockTslab };
type Name = keyof typeof contenders;

const samples: Record<string, Record<Name, number[]>> = {};

function note(figure: string, name: Name, value: number): void {
  samples[figure] ??= { gradbook: [], tslab: [] };
  samples[figure][name].push(value);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function measure(name: Name): Promise<void> {
  const started = performance.now();
  const kernel = await TestKernel.start({ argv: contenders[name], cwd: join(root, "notebooks") });
  try {
    note("ready", name, performance.now() - started);
    await kernel.run("1");
    note("ready and first cell done", name, performance.now() - started);
    await pause(3000);
    note("idle memory (proportional set size of the process tree)", name, memoryOf(kernel.pid));
    const cells = [];
    for (let i = 0; i < 200; i++) {
      const before = i === 0 ? "0" : `v${i - 1}`;
      cells.push(await timed(() => kernel.run(`let v${i} = ${before} + 1; v${i}`)));
    }
    note("cell of one variable, median of cells 11–60", name, median(cells.slice(10, 60)));
    note("the same, median of cells 151–200", name, median(cells.slice(150)));
    const trivial = [];
    for (let i = 0; i < 50; i++) trivial.push(await timed(() => kernel.run(`1 + ${i}`)));
    note("trivial cell, median of 50", name, median(trivial.slice(5)));
    const gradbook = 'import * as gradbook from "gradbook"; Object.keys(gradbook).length > 0';
    note("first cell that imports gradbook", name, await timed(() => kernel.run(gradbook)));
    if (name === "gradbook") await measureLoop(kernel);
  } finally {
    await kernel.shutdown().catch(() => kernel.close());
  }
}

/** What stock tslab has no figures for: it loses lines, and nothing of it answers during a loop. */
async function measureLoop(kernel: TestKernel): Promise<void> {
  const lines = 'for (let i = 0; i < 100_000; i++) console.log("line " + i)';
  let printed = "";
  note(
    "100,000 lines printed",
    "gradbook",
    await timed(async () => {
      printed = (await kernel.run(lines)).stdout;
    }),
  );
  const wanted = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join("");
  if (printed !== wanted) throw new Error("100,000 lines: some are missing or out of order");

  const loop = kernel.start('console.log("go"); while (true) {}');
  await loop.printed("go");
  const beats = [];
  const completions = [];
  for (let i = 0; i < 10; i++) {
    beats.push(await kernel.beat());
    const code = "Math.ma";
    const request = () =>
      kernel.request("shell", "complete_request", { code, cursor_pos: code.length }).reply;
    completions.push(await timed(request));
  }
  note("heartbeat during a loop, slowest of 10", "gradbook", Math.max(...beats));
  note("completion during a loop, first", "gradbook", completions[0]);
  note("completion during a loop, slowest of the next 9", "gradbook", Math.max(...completions.slice(1)));
  const stopped = performance.now();
  note("interrupt answered during a loop", "gradbook", await timed(() => kernel.interrupt()));
  await loop.done;
  note("tight loop ended after an interrupt", "gradbook", performance.now() - stopped);
}

/** A process and everything below it. */
function memoryOf(pid: number): number {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, "latin1");
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It ended meanwhile.
    }
  }
  const tree = [pid];
  for (const one of tree) for (const [child, parent] of parents) if (parent === one) tree.push(child);
  const kilobytes = tree.map((one) => {
    const rollup = readFileSync(`/proc/${one}/smaps_rollup`, "latin1");
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

const [load] = loadavg();
for (let round = 0; round < rounds; round++) {
  for (const name of ["gradbook", "tslab"] as const) await measure(name);
}
const rows = Object.entries(samples).map(([figure, { gradbook, tslab }]) => {
  const [ours, theirs] = [median(gradbook), tslab.length === 0 ? undefined : median(tslab)];
  const share = theirs === undefined ? undefined : ours / theirs;
  const { ratio, limit } = goals[figure] ?? {};
  return {
    figure,
    gradbook: ours,
    tslab: theirs,
    ratio: share,
    goal: ratio !== undefined ? `≤ ${ratio} ×` : limit !== undefined ? `≤ ${limit}` : "",
    reached: ratio !== undefined ? (share ?? 0) <= ratio : limit !== undefined ? ours <= limit : undefined,
  };
});

const cells = rows.map(({ figure, gradbook, tslab, ratio, goal, reached }) => [
  figure,
  gradbook.toFixed(1),
  tslab?.toFixed(1) ?? "–",
  ratio?.toFixed(2) ?? "–",
  goal,
  reached === undefined ? "" : reached ? "yes" : "**no**",
]);
const header = ["figure (ms, MB)", "gradbook", "stock tslab", "ratio", "goal", "reached"];
const table = [header, ["---", "--:", "--:", "--:", "---", "---"], ...cells];
const markdown = table.map((row) => `| ${row.join(" | ")} |`).join("\n");
console.log(markdown);

const { model } = cpus()[0] ?? { model: "unknown processor" };
const machine = `${model.trim()}, ${availableParallelism()} cores, ${type()}, Node ${process.versions.node}`;
const page = `# The kernel beside stock tslab 1.0.22

Medians of ${rounds} rounds, in each of which both kernels were started one after the other; printed by \`npm run bench:kernel\`.
${machine}. Load average before: ${load.toFixed(1)}.

${markdown}
`;
const folder = join(root, "reports/bench");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "kernel.md"), page);
const results = { machine, load, rounds, rows, samples };
writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(results, null, 1)}\n`);

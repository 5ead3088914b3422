import { basename, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { assertWritableFolder, configError, usageError } from "@gradbook/base";
import { type Grid, resultsTable, type Setting, type Sweep, sweep } from "@gradbook/core";
import {
  bundleModule,
  defaultFolder,
  type EngineName,
  engineNames,
  Store,
  standInVariable,
  tableText,
} from "@gradbook/core/internal";
import { tableCsv } from "../report/tables.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { Progress, shownDuration } from "./progress.js";
import { parseJobs, parseOut, parseStandIn } from "./report.js";

const usage = `gradbook sweep FILE [options] [-- ARGUMENT…]

Runs every combination of a grid with every seed, in parallel, one thread each. FILE (TypeScript or JavaScript)
exports the grid and the function that makes one run and returns plain JSON:

  export const grid = { lr: [0.1, 0.01], momentum: [0, 0.9] };
  export const seeds = [1, 2, 3];
  export function run({ lr, momentum }, seed, context) { …; return { testError: 0.12 }; }

(and, to leave combinations out, where(setting).) Each finished run is a file, so a sweep that was stopped
or killed resumes where it was; fit's option checkpoint: context.checkpoint saves the run itself.

  --engine local|parallel|slurm   processes of this machine, GNU parallel, or a Slurm job array (default local)
  --jobs N                        runs in parallel (default: the cores; Slurm: as many as it gives)
  --out DIR                       results, logs and table.csv (default .cache/sweeps/NAME beside FILE)
  --stand-in                      where MNIST is missing, continue with held-out training images as test images
  --list                          list the runs and which are finished, and run nothing
  -- ARGUMENT…                    passed to parallel or sbatch: -- --time=02:00:00 --partition=cpu`;

export const command: Command = {
  usage,
  async run(args) {
    const cut = args.includes("--") ? args.indexOf("--") : args.length;
    const { values, positionals } = parseArgs({
      args: args.slice(0, cut),
      allowPositionals: true,
      options: {
        engine: { type: "string" },
        jobs: { type: "string" },
        out: { type: "string" },
        list: { type: "boolean" },
        "stand-in": { type: "boolean", default: false },
      },
    });
    const file = parseFile(positionals);
    const engine = parseEngine(values.engine);
    const jobs = parseJobs(values.jobs);
    const folder = resolve(parseOut(values.out) ?? defaultFolder(file));
    process.env[standInVariable] = parseStandIn(values["stand-in"]) ? "allow" : "refuse";
    if (values.list !== true) {
      assertWritableFolder(folder);
      new Store(folder).assertOwnTable();
    }
    const declared = await readSweepFile(file);
    const listOnly = values.list === true;
    const bar = new Progress({ label: basename(file), unit: "runs" });
    try {
      const found = await interruptible((signal) =>
        sweep({
          ...declared,
          run: { module: file },
          engine,
          folder,
          engineArguments: args.slice(cut + 1),
          signal: listOnly ? AbortSignal.abort() : signal,
          jobs,
          onProgress: ({ done, total, failed, secondsLeft }) => {
            const left =
              secondsLeft === undefined || done === total ? "" : `${shownDuration(secondsLeft)} left`;
            bar.update(done, total, failed > 0 ? `${left} ${failed} failed` : left);
          },
          onNote: (text) => bar.note(text),
        }),
      );
      bar.end();
      return report(found, folder, listOnly);
    } finally {
      bar.end();
    }
  },
};

function report(found: Sweep<Setting>, folder: string, listOnly: boolean): number {
  if (found.runs.length > 0) {
    const table = resultsTable({ title: "Runs", rows: found.rows });
    console.log(tableText(table));
    if (!listOnly) {
      const store = new Store(folder);
      store.writeTable(tableCsv(table));
      console.log(`The table: ${relative(process.cwd(), store.tablePath)}`);
    }
  }
  const missing = found.total - found.runs.length;
  console.log(
    missing === 0
      ? `All ${found.total} runs are finished.`
      : `${found.runs.length} of ${found.total} runs are finished; run the same command again for the other ${missing}.`,
  );
  return missing === 0 || listOnly ? 0 : 1;
}

/** What FILE says about its sweep. */
interface Declared {
  readonly grid: Grid;
  readonly seeds?: readonly number[];
  readonly where?: (setting: Setting) => boolean;
}

async function readSweepFile(file: string): Promise<Declared> {
  const { file: module } = await bundleModule(file);
  const { grid, seeds, where, run }: Partial<Declared> & { run?: unknown } = await import(
    pathToFileURL(module).href
  );
  if (typeof run === "function" && typeof grid === "object" && grid !== null) {
    return { grid, seeds, where };
  }
  throw configError(
    relative(process.cwd(), file),
    `no ${typeof run === "function" ? "grid" : "function run"} among its exports`,
    "export const grid = { axis: [values] } and export function run(setting, seed, context)",
  );
}

function parseFile([file, ...more]: readonly string[]): string {
  if (file !== undefined && more.length === 0) return resolve(file);
  throw usageError(
    "FILE",
    file === undefined ? "no file given" : `${more.length + 1} files given`,
    "one",
    "See gradbook sweep --help.",
  );
}

function parseEngine(text = "local"): EngineName {
  const engine = engineNames.find((name) => name === text);
  if (engine !== undefined) return engine;
  throw usageError("--engine", JSON.stringify(text), `one of ${engineNames.join(", ")}`);
}

import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { GradbookError } from "../errors/error.js";
import { assertWritableFolder } from "../errors/writable.js";
import { CellError } from "../notebook/cell-error.js";
import { checkReport } from "../report/check.js";
import type { Omission } from "../report/omissions.js";
import { writeOverview } from "../report/overview.js";
import { findProject, locateReport, notebookNames, type ReportPlace } from "../report/project.js";
import { makeReport, type ReportOptions, type Scale } from "../report/report.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook report [NAME…] [options]

Runs notebooks/NAME.ipynb in a fresh kernel and writes reports/NAME/: the executed notebook, index.html (one file,
readable offline and on paper), NAME.pdf, figures/, tables/, figures.tex, metrics.json; and reports/index.html over all
reports. A report whose notebook, library, data and scale have not changed is left alone. NAME may also be the path of
an .ipynb file. Default: all notebooks.

  --scale quick|full   how large the runs are (default quick)
  --data DIR           your own copy of the data set's files (default: data/)
  --out DIR            where the reports go (default: reports/)
  --force              run also what is up to date
  --jobs N             so many notebooks at once (default 1)
  --check              run nothing; list what is stale or comes out differently, byte by byte; exit code 1 if anything`;

export const command: Command = {
  name: "report",
  summary: "run notebooks and write their reports",
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        scale: { type: "string" },
        data: { type: "string" },
        out: { type: "string" },
        force: { type: "boolean" },
        check: { type: "boolean" },
        jobs: { type: "string" },
      },
    });
    const scale = parseScale(values.scale);
    const data = parseData(values.data);
    const names = positionals.length > 0 ? positionals : notebookNames(findProject());
    const places = names.map((name) => locateReport(name, values.out));
    refuseSameFolders(places);
    if (values.check) return check(places, scale, data);
    for (const { folder } of places) assertWritableFolder(folder);
    const options = { scale, force: values.force ?? false, ...(data === undefined ? {} : { data }) };
    const failed = await interruptible((signal) =>
      inParallel(places, parseJobs(values.jobs), (place, alone) =>
        reportOne(place, { ...options, signal }, alone),
      ),
    );
    for (const folder of new Set(places.map((place) => dirname(place.folder)))) {
      if (existsSync(folder)) await writeOverview(folder);
    }
    return failed === 0 ? 0 : 1;
  },
};

/** Runs and writes one report, with a bar when it runs alone, and names the file to open. */
async function reportOne(place: ReportPlace, options: ReportOptions, alone: boolean): Promise<void> {
  const bar = alone ? runProgress(place.name) : undefined;
  let left: readonly Omission[] = [];
  try {
    const why = await makeReport(place, {
      ...options,
      onLeftOut: (omissions) => {
        left = omissions;
      },
      ...(bar === undefined ? {} : { onProgress: bar.update }),
    });
    const file = relative(process.cwd(), join(place.folder, "index.html"));
    bar?.end();
    console.log(
      why.length === 0 ? `${place.name}: up to date (${file})` : `${place.name}: ${file} (${reason(why)})`,
    );
    printLeftOut(left);
  } finally {
    bar?.end();
  }
}

/** Lines of what a report leaves out; the page and the PDF have all of them. */
const mostLines = 20;

function printLeftOut(left: readonly Omission[]): void {
  if (left.length === 0) return;
  console.log("  left out (also said at the end of the page):");
  for (const { place, what } of left.slice(0, mostLines)) console.log(`  ${place}: ${what}`);
  if (left.length > mostLines) console.log(`  … ${left.length - mostLines} more`);
}

function reason(why: readonly string[]): string {
  return why.length > 3 ? `${why.slice(0, 2).join(", ")} and ${why.length - 2} more` : why.join(", ");
}

async function check(
  places: readonly ReportPlace[],
  scale: Scale,
  data: string | undefined,
): Promise<number> {
  let found = 0;
  for (const place of places) {
    const findings = await checkReport(place, scale, data);
    found += findings.length;
    if (findings.length === 0)
      console.log(`${place.name}: up to date, every byte as it would come out again`);
    for (const finding of findings) console.log(`${place.name}: ${finding}`);
  }
  return found === 0 ? 0 : 1;
}

/**
 * Works through a list with at most `jobs` at a time. One that fails is said and counted; the others go on.
 * @returns how many failed
 */
async function inParallel(
  places: readonly ReportPlace[],
  jobs: number,
  work: (place: ReportPlace, alone: boolean) => Promise<void>,
): Promise<number> {
  const alone = jobs === 1 || places.length === 1;
  const waiting = [...places];
  let failed = 0;
  const worker = async () => {
    for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
      try {
        await work(place, alone);
      } catch (error) {
        if (!(error instanceof GradbookError)) throw error;
        failed++;
        printFailure(place.name, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, places.length) }, worker));
  return failed;
}

/** The error's sentence, and for a cell that failed its source and stack. */
export function printFailure(name: string, error: GradbookError): void {
  console.error(`${name}: ${error.message}`);
  if (error instanceof CellError) console.error(error.report());
}

function refuseSameFolders(places: readonly ReportPlace[]): void {
  for (const [i, { folder, notebook }] of places.entries()) {
    const other = places.slice(0, i).find((place) => place.folder === folder);
    if (other === undefined) continue;
    throw new GradbookError({
      code: "config",
      what: "report",
      got: `${notebook} and ${other.notebook} would both be written to ${folder}`,
      expected: "a name of its own for each",
    });
  }
}

function parseJobs(text: string | undefined): number {
  const jobs = Number(text ?? "1");
  if (Number.isInteger(jobs) && jobs >= 1) return jobs;
  throw new GradbookError({
    code: "config",
    what: "--jobs",
    got: JSON.stringify(text),
    expected: "an integer from 1",
  });
}

export function parseScale(text: string | undefined): Scale {
  if (text === undefined || text === "quick") return "quick";
  if (text === "full") return "full";
  throw new GradbookError({
    code: "config",
    what: "--scale",
    got: JSON.stringify(text),
    expected: "quick or full",
  });
}

export function parseData(folder: string | undefined): string | undefined {
  if (folder === undefined) return undefined;
  if (existsSync(folder)) return resolve(folder);
  throw new GradbookError({
    code: "data",
    what: "--data",
    got: `there is no folder ${JSON.stringify(folder)}`,
    expected: "the folder of the data set's files",
  });
}

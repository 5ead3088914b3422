import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  assertWritableFolder,
  findProject,
  GradbookError,
  isFolder,
  removeDeadDrafts,
  usageError,
} from "@gradbook/base";
import { standInPolicy } from "@gradbook/core/internal";
import { CellError } from "../notebook/cell-error.js";
import { checkReport } from "../report/check.js";
import { diffReports } from "../report/diff.js";
import type { Omission } from "../report/omissions.js";
import { assertOwnOverview, writeOverview } from "../report/overview.js";
import {
  locateNotebook,
  locateReport,
  notebookNames,
  type ReportPlace,
  type Scale,
} from "../report/place.js";
import { type MadeReport, makeReport, type ReportOptions } from "../report/report.js";
import { needsStandIn } from "../report/variables.js";
import { watchReport } from "../report/watch.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook report [NAME…] [options]

Runs notebooks/NAME.ipynb of the project in a fresh kernel and writes its report, a folder: the executed notebook,
index.html (one file, readable offline and on paper), NAME.pdf, figures/, tables/, figures.tex, metrics.json; and an
index.html over all reports. NAME may also be the path of an .ipynb file. Default: all notebooks.

It runs again when the notebook's code, a file of code that it uses, the code of gradbook that it reaches by its
imports, the data or the scale has changed. When only its text or what draws figures and pages has, or files are missing
that come out of the executed notebook, it is rendered again from that one in seconds. Otherwise it is left alone.

  reports/NAME/            a report of full scale
  reports/quick/NAME/      a quick one; git ignores the folder
  reports/stand-in/NAME/   one on stand-in data; git ignores the folder

Only what gradbook wrote itself is replaced: a folder with a file of yours in it, or with one that you have changed,
is named and left as it is.

  --scale quick|full   how large the runs are (default quick)
  --data DIR           your own copy of the data set's files (default: data/ of the project)
  --stand-in           where MNIST is missing, continue with held-out training images in place of the test images
  --kernel NAME        run in this kernel (default: the one that the notebook names)
  --title TEXT         title of the report (default: the notebook's front matter, else its first heading)
  --author NAME        its author; give it once for each (default: the front matter)
  --out DIR            write DIR/NAME/ instead
  --replace-full       let a quick report replace one of full scale there
  --no-overview        write no index.html over all reports
  --force              run also what is up to date
  --jobs N             run N notebooks in parallel (default 1)
  --watch              stay, and make it again whenever the notebook is saved; the PDF follows when nothing changes
  --diff A B           run nothing; say in which settings, numbers, tables and figures two reports differ (folders, or
                       names of reports/); exit code 1 if in any
  --check              run nothing; list what is stale or would change, byte for byte; exit code 1 if anything`;

export const command: Command = {
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        scale: { type: "string" },
        data: { type: "string" },
        "stand-in": { type: "boolean", default: false },
        out: { type: "string" },
        "replace-full": { type: "boolean", default: false },
        "no-overview": { type: "boolean", default: false },
        force: { type: "boolean", default: false },
        kernel: { type: "string" },
        title: { type: "string" },
        author: { type: "string", multiple: true },
        watch: { type: "boolean", default: false },
        diff: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
        jobs: { type: "string" },
      },
    });
    if (values.diff) return diff(positionals);
    const scale = parseScale(values.scale);
    const data = parseData(values.data);
    const allowed = parseStandIn(values["stand-in"]);
    const out = parseOut(values.out);
    const names = positionals.length > 0 ? positionals : notebookNames();
    if (values.check) {
      const places = names.map((name) =>
        placeToCheck(name, values.scale === undefined ? undefined : scale, out),
      );
      return check(places, scale, data);
    }
    const places = names.map((name) => {
      const standIn = allowed && needsStandIn(locateNotebook(name).notebook, data);
      return locateReport(name, { scale, standIn }, out);
    });
    refuseSameFolders(places);
    const parents = [...new Set(places.map((place) => dirname(place.folder)))];
    for (const { folder } of places) assertWritableFolder(folder);
    if (!values["no-overview"]) parents.forEach(assertOwnOverview);
    parents.forEach(removeDeadDrafts);
    const options = {
      scale,
      force: values.force,
      standIn: allowed,
      replaceFull: values["replace-full"],
      data,
      ...(values.kernel === undefined ? {} : { kernel: values.kernel }),
      ...(values.title === undefined ? {} : { title: values.title }),
      ...(values.author === undefined ? {} : { authors: values.author }),
    };
    if (values.watch) return watch(places, options);
    const done = await interruptible((signal) =>
      inParallel(places, parseJobs(values.jobs) ?? 1, (place, alone) =>
        reportOne(place, { ...options, signal }, alone),
      ),
    );
    const listed = parents.filter((folder) => done.some((place) => dirname(place.folder) === folder));
    if (!values["no-overview"]) listed.forEach(writeOverview);
    return done.length === places.length ? 0 : 1;
  },
};

/** Makes reports again and again, until Ctrl-C. */
async function watch(places: readonly ReportPlace[], options: ReportOptions): Promise<number> {
  const onMade = (place: ReportPlace, { done, why }: MadeReport) => {
    const file = relative(process.cwd(), join(place.folder, "index.html"));
    console.log(`${place.name}: ${outcome[done](file, reason(why))}`);
  };
  const onFailed = (place: ReportPlace, error: GradbookError) => printFailure(place.name, error);
  console.log("Watching; Ctrl-C ends it.");
  await interruptible((signal) =>
    Promise.all(places.map((place) => watchReport(place, { ...options, signal, onMade, onFailed }))),
  );
  return 0;
}

async function diff(names: readonly string[]): Promise<number> {
  if (names.length !== 2) throw usageError("--diff", `${names.length} reports`, "two");
  const [a, b] = names.map((name) => (isFolder(name) ? name : join(findProject(), "reports", name)));
  const found = Object.entries<readonly string[]>({ ...(await diffReports(a, b)) }).filter(
    ([, lines]) => lines.length > 0,
  );
  for (const [kind, lines] of found) console.log(`${kind}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  if (found.length === 0) console.log("no setting, number, table or figure differs");
  return found.length === 0 ? 0 : 1;
}

/** What is kept; where that is not there, or it is asked for by its scale, the quick one. */
function placeToCheck(name: string, scale: Scale | undefined, out: string | undefined): ReportPlace {
  const kept = locateReport(name, { scale: "full", standIn: false }, out);
  if (scale === "full" || out !== undefined) return kept;
  const quick = locateReport(name, { scale: "quick", standIn: false }, out);
  return scale === "quick" || (!isFolder(kept.folder) && isFolder(quick.folder)) ? quick : kept;
}

/** Runs and writes one report, with a bar when it runs alone, and names the file to open. */
async function reportOne(place: ReportPlace, options: ReportOptions, alone: boolean): Promise<void> {
  const bar = alone ? runProgress(place.name) : undefined;
  let left: readonly Omission[] = [];
  try {
    const { done, why } = await makeReport(place, {
      ...options,
      onLeftOut: (omissions) => {
        left = omissions;
      },
      onProgress: bar?.update,
    });
    const file = relative(process.cwd(), join(place.folder, "index.html"));
    bar?.end();
    console.log(`${place.name}: ${outcome[done](file, reason(why))}`);
    if (options.standIn && needsStandIn(place.notebook, options.data))
      console.log(`${place.name}: ${standInWords}`);
    printLeftOut(left);
  } finally {
    bar?.end();
  }
}

const outcome: Record<MadeReport["done"], (file: string, why: string) => string> = {
  nothing: (file) => `up to date (${file})`,
  rendered: (file, why) => `${file} (${why}; rendered from its executed notebook, nothing was run)`,
  run: (file, why) => `${file} (${why})`,
};

/** Said at the end of every run that may rest on the stand-in. */
export const standInWords =
  "MNIST was not on this computer: its test images are held-out TRAINING images here. gradbook data mnist fetches it.";

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
    const { findings, notDerived } = await checkReport(place, scale, data);
    found += findings.length;
    if (findings.length === 0) console.log(`${place.name}: up to date, byte for byte`);
    if (notDerived > 0)
      console.log(
        `${place.name}: ${notDerived} files are not derived yet; gradbook report makes them without running the notebook`,
      );
    for (const finding of findings) console.log(`${place.name}: ${finding}`);
  }
  return found === 0 ? 0 : 1;
}

/**
 * Works through a list with at most `jobs` at a time. One that fails is said; the others go on.
 * @returns those that did not fail
 */
async function inParallel(
  places: readonly ReportPlace[],
  jobs: number,
  work: (place: ReportPlace, alone: boolean) => Promise<void>,
): Promise<readonly ReportPlace[]> {
  const alone = jobs === 1 || places.length === 1;
  const waiting = [...places];
  const done: ReportPlace[] = [];
  const worker = async () => {
    for (let place = waiting.shift(); place !== undefined; place = waiting.shift()) {
      try {
        await work(place, alone);
        done.push(place);
      } catch (error) {
        if (!(error instanceof GradbookError)) throw error;
        printFailure(place.name, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, places.length) }, worker));
  return done;
}

/** The error's sentence, and for a cell that failed its source and stack. */
export function printFailure(name: string, error: GradbookError): void {
  console.error(`${name}: ${error.message}`);
  if (error instanceof CellError) console.error(error.report());
}

function refuseSameFolders(places: readonly ReportPlace[]): void {
  for (const [i, { folder, notebook }] of places.entries()) {
    const other = places.slice(0, i).find((place) => sameFolder(place.folder, folder));
    if (other === undefined) continue;
    throw usageError(
      "NOTEBOOK",
      `${notebook} and ${other.notebook} would both be written to ${folder}`,
      "a different name for each",
    );
  }
}

/** Names that differ in case, or in how an accent is written, are one folder on macOS and Windows. */
function sameFolder(a: string, b: string): boolean {
  return a.normalize("NFC").toLowerCase() === b.normalize("NFC").toLowerCase();
}

/** How much runs in parallel; undefined where it is left to the command. */
export function parseJobs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const jobs = Number(text);
  if (Number.isInteger(jobs) && jobs >= 1) return jobs;
  throw usageError("--jobs", JSON.stringify(text), "an integer of at least 1");
}

export function parseScale(text: string | undefined): Scale {
  if (text === undefined || text === "quick") return "quick";
  if (text === "full") return "full";
  throw usageError("--scale", JSON.stringify(text), "quick or full");
}

/** `--data`, else `$GRADBOOK_DATA`: both are seen from the current folder, whatever folder the notebook runs in. */
export function parseData(option: string | undefined): string | undefined {
  const folder = option ?? (process.env.GRADBOOK_DATA || undefined);
  if (folder === undefined) return undefined;
  if (isFolder(folder)) return resolve(folder);
  throw usageError(
    option === undefined ? "GRADBOOK_DATA" : "--data",
    `there is no folder ${JSON.stringify(folder)}`,
    "the folder of the data set's files",
  );
}

/** `--stand-in`, or `GRADBOOK_STAND_IN=allow`. */
export function parseStandIn(option: boolean): boolean {
  return option || standInPolicy() === "allow";
}

/** `--out ""` is a variable of a script that is not set, not the current folder. */
export function parseOut(text: string | undefined): string | undefined {
  if (text !== "") return text;
  throw usageError("--out", '""', "a path");
}

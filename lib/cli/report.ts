import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { GradbookError } from "../errors/error.js";
import { findProject, locateReport, notebookNames, type ReportPlace } from "../report/project.js";
import { makeReport, type Scale } from "../report/report.js";
import type { Command } from "./command.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook report [NAME…] [options]

Runs notebooks/NAME.ipynb in a fresh kernel and writes reports/NAME/: the executed notebook, index.html (one file,
readable offline and on paper), figures/, tables/ and metrics.json. NAME may also be the path of an .ipynb file.
Default: all notebooks.

  --scale quick|full   how large the runs are (default quick)
  --data DIR           your own copy of the data set's files (default: data/)
  --out DIR            where the reports go (default: reports/)`;

export const command: Command = {
  name: "report",
  summary: "run notebooks and write their reports",
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { scale: { type: "string" }, data: { type: "string" }, out: { type: "string" } },
    });
    const scale = parseScale(values.scale);
    const data = parseData(values.data);
    const names = positionals.length > 0 ? positionals : notebookNames(findProject());
    const places = names.map((name) => locateReport(name, values.out));
    for (const place of places) await reportOne(place, scale, data);
    return 0;
  },
};

/** Runs and writes one report, with a bar, and names the file to open. */
export async function reportOne(place: ReportPlace, scale: Scale, data: string | undefined): Promise<void> {
  const bar = runProgress(place.name);
  try {
    await makeReport(place, { scale, ...(data === undefined ? {} : { data }), onProgress: bar.update });
  } finally {
    bar.end();
  }
  console.log(`${place.name}: ${relative(process.cwd(), join(place.folder, "index.html"))}`);
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

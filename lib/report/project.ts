import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { GradbookError } from "../errors/error.js";

/** A notebook and the folder its report goes to. */
export interface ReportPlace {
  /** `hw4` */
  readonly name: string;
  /** Path of the notebook. */
  readonly notebook: string;
  /** Path of the report's folder. */
  readonly folder: string;
}

/** The nearest folder upwards that has a `notebooks` folder. */
export function findProject(from: string = process.cwd()): string {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "notebooks"))) return folder;
    if (dirname(folder) === folder) {
      throw new GradbookError({
        code: "report-project",
        what: resolve(from),
        got: "no folder notebooks here or above",
        expected: "to be called inside a project",
        cure: "Change to the project's folder, or name the notebook by its path.",
      });
    }
  }
}

/** Names of all notebooks of the project, sorted. */
export function notebookNames(project: string): readonly string[] {
  return readdirSync(join(project, "notebooks"))
    .filter((file) => file.endsWith(".ipynb") && !file.startsWith("."))
    .map((file) => file.slice(0, -".ipynb".length))
    .sort();
}

/**
 * @param wanted a name (`hw4`) or a path (`somewhere/mine.ipynb`)
 * @param out folder of the reports; default: `reports` of the project, or beside a notebook named by its path
 */
export function locateReport(wanted: string, out?: string): ReportPlace {
  const byPath = wanted.endsWith(".ipynb");
  const notebook = byPath ? resolve(wanted) : join(findProject(), "notebooks", `${wanted}.ipynb`);
  const name = basename(notebook, ".ipynb");
  if (!existsSync(notebook)) {
    const known = byPath ? [] : notebookNames(findProject());
    throw new GradbookError({
      code: "report-notebook",
      what: wanted,
      got: byPath ? "there is no such file" : `there is no notebooks/${wanted}.ipynb`,
      ...(known.length === 0 ? {} : { expected: `one of ${known.join(", ")}` }),
    });
  }
  const parent = out ?? (byPath ? join(dirname(notebook), "reports") : join(findProject(), "reports"));
  return { name, notebook, folder: join(resolve(parent), name) };
}

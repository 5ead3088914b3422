import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { findProject, GradbookError, isFolder, onDisk, shownPath } from "@gradbook/base";

export type Scale = "quick" | "full";

/** What decides where a report stands. */
export interface ReportKind {
  readonly scale: Scale;
  /** Whether training images may stand in for the test images of MNIST (see `makeReport`). */
  readonly standIn: boolean;
}

/** A notebook and its name. */
export interface NotebookPlace {
  /** `hw4` */
  readonly name: string;
  /** Path of the notebook. */
  readonly notebook: string;
}

/** A notebook and the folder its report goes to. */
export interface ReportPlace extends NotebookPlace {
  /** Path of the report's folder. */
  readonly folder: string;
  /** Whether the folder stands in one that git is to ignore. Default false. */
  readonly provisional?: boolean;
}

/** Names of all notebooks of the project, sorted. */
export function notebookNames(project: string = findProject()): readonly string[] {
  const folder = join(project, "notebooks");
  if (!isFolder(folder)) {
    throw new GradbookError({
      code: "file",
      what: shownPath(project),
      got: "no folder notebooks in it",
      cure: "Name the notebook by its path, or call gradbook in the project's folder.",
    });
  }
  return onDisk({ path: folder, doing: "read" }, () => readdirSync(folder))
    .filter((file) => file.endsWith(".ipynb") && !file.startsWith("."))
    .map((file) => file.slice(0, -".ipynb".length))
    .sort();
}

/**
 * @param wanted a name (`hw4`: notebooks/hw4.ipynb of the project) or a path (`somewhere/mine.ipynb`)
 * @throws GradbookError naming the notebooks that there are
 */
export function locateNotebook(wanted: string): NotebookPlace {
  const byPath = wanted.endsWith(".ipynb");
  const notebook = byPath ? resolve(wanted) : join(findProject(), "notebooks", `${wanted}.ipynb`);
  if (wanted !== "" && existsSync(notebook)) return { name: basename(notebook, ".ipynb"), notebook };
  const known = byPath ? [] : notebookNames();
  const beside = !byPath && existsSync(`${wanted}.ipynb`);
  throw new GradbookError({
    code: "file",
    what: wanted === "" ? '""' : wanted,
    got: byPath ? "there is no such file" : `there is no notebooks/${wanted}.ipynb`,
    expected: known.length === 0 ? undefined : `one of ${known.join(", ")}`,
    cure: beside ? `${wanted}.ipynb names the notebook in this folder by its path.` : undefined,
  });
}

/**
 * Where a report goes: what is kept to `reports/NAME` of the project (beside a notebook that stands elsewhere), a
 * quick one to `reports/quick/NAME`, one on stand-in data to `reports/stand-in/NAME`, so that neither takes the place
 * of what is kept; git ignores both.
 * @param out folder of the reports, whatever the kind
 */
export function locateReport(wanted: string, kind: ReportKind, out?: string): ReportPlace {
  const place = locateNotebook(wanted);
  if (out !== undefined) return { ...place, folder: join(resolve(out), place.name), provisional: false };
  const reports = reportsFolder(place.notebook);
  const inner = kind.standIn ? "stand-in" : kind.scale === "quick" ? "quick" : undefined;
  if (inner !== undefined) return { ...place, folder: join(reports, inner, place.name), provisional: true };
  refuseReservedName(place.name);
  return { ...place, folder: join(reports, place.name), provisional: false };
}

function reportsFolder(notebook: string): string {
  const folder = dirname(notebook);
  const project = findProject(folder);
  return join(folder === join(project, "notebooks") ? project : folder, "reports");
}

function refuseReservedName(name: string): void {
  if (!/^(?:quick|stand-in)$/i.test(name)) return;
  throw new GradbookError({
    code: "file",
    what: `${name}.ipynb`,
    got: `reports/${name} is the folder of all ${name.toLowerCase()} reports`,
    expected: "another name",
    cure: "Rename the notebook, or choose another folder with --out DIR.",
  });
}

import { execFileSync } from "node:child_process";
import { lstatSync, readdirSync, readFileSync, rmdirSync, rmSync, type Stats } from "node:fs";
import { join } from "node:path";
import { GradbookError, onDisk, sha256, writeAtomic } from "@gradbook/base";
import { userDataFolder } from "./jupyter/data-folder.js";
import { kernelSpec, kernelSpecText, nodeOptions } from "./jupyter/kernelspec.js";

/**
 * Writes the kernelspec `name` into a data folder of Jupyter.
 * @returns the folder of the kernelspec
 * @throws GradbookError when another kernel's specification is there, or one of ours that was changed
 */
export function writeKernelSpec(dataFolder: string, name: string): string {
  const folder = join(dataFolder, "kernels", checkedName(name));
  const path = join(folder, "kernel.json");
  refusePassing(kernelSpec(name).argv);
  refuseOthers(path, name);
  writeAtomic(path, sealedSpec(kernelSpec(name)), { elsewhere: "--prefix DIR" });
  return folder;
}

/**
 * Takes back what `writeKernelSpec` has written.
 * @returns the folder of the kernelspec
 * @throws GradbookError when there is none, when it is another kernel's, or was changed
 */
export function removeKernelSpec(dataFolder: string, name: string): string {
  const folder = join(dataFolder, "kernels", checkedName(name));
  const path = join(folder, "kernel.json");
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) {
    throw new GradbookError({
      code: "program",
      what: path,
      got: "there is no such file",
      cure: "--user, --prefix DIR or --sys-prefix, and --name NAME, say what was installed.",
    });
  }
  if (!holdsOurs(path, found, name)) throw foreign(path, name);
  onDisk({ path, doing: "write" }, () => rmSync(path));
  // Pictures that somebody has put beside it stay, and with them the folder.
  if (readdirSync(folder).length === 0) rmdirSync(folder);
  return folder;
}

/** What npx has fetched for one call is cleaned away some day, and the kernel would no longer start. */
function refusePassing(argv: readonly string[]): void {
  const passing = argv.find((word) => /[\\/]_npx[\\/]/.test(word));
  if (passing === undefined) return;
  throw new GradbookError({
    code: "program",
    what: "kernel install",
    got: `this gradbook lies in the cache of npx (${passing})`,
    expected: "one that stays where it is",
    cure: "npm install gradbook in a folder of yours, and npx gradbook kernel install there.",
  });
}

/** The command of a kernelspec that some installation of gradbook wrote and nobody has changed; undefined for any other. */
export function sealedByUs(text: string, name: string): readonly string[] | undefined {
  const spec = parseSpec(text);
  return isOurs(text, spec, name) ? argvOf(spec) : undefined;
}

function checkedName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]*$/i.test(name)) return name;
  throw new GradbookError({
    code: "config",
    what: "kernel name",
    got: `"${name}"`,
    expected: "letters, digits, . _ - and no dot in front",
  });
}

/** `--name tslab` and `--name jslab` are to take the place of tslab's kernels; every other one stays. */
function refuseOthers(path: string, name: string): void {
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  const free = name === "tslab" || name === "jslab" ? isTslabs : () => false;
  if (!holdsOurs(path, found, name, free)) throw foreign(path, name);
}

/** @param free what is taken over as well */
function holdsOurs(
  path: string,
  found: Stats,
  name: string,
  free: (spec: unknown) => boolean = () => false,
): boolean {
  if (!found.isFile()) return false;
  const text = onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8"));
  const spec = parseSpec(text);
  return isOurs(text, spec, name) || free(spec);
}

function foreign(path: string, name: string): GradbookError {
  return new GradbookError({
    code: "program",
    what: path,
    got: "it is another kernel's specification, or one that was changed",
    cure: `It was not touched. Remove it (jupyter kernelspec remove ${name}), or choose another name with --name NAME.`,
  });
}

function parseSpec(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // no JSON: somebody's file, whatever it is
    return undefined;
  }
}

/** The text of kernel.json; its metadata hold the SHA-256 of the rest, by which it is known again. */
function sealedSpec({ metadata, ...spec }: { readonly metadata?: object }): string {
  const written = sha256(JSON.stringify({ ...spec, metadata }));
  return kernelSpecText({ ...spec, metadata: { ...metadata, written } });
}

/** A specification as some installation of gradbook wrote it, in whatever folder and for whatever Node. */
function isOurs(text: string, spec: unknown, name: string): boolean {
  if (!isSpec(spec)) return false;
  const { written, ...metadata } = spec.metadata;
  if (written !== undefined) return text === sealedSpec({ ...spec, metadata });
  // 0.1.0 wrote none
  const [node, , program = ""] = spec.argv;
  const { argv, ...wanted } = kernelSpec(name);
  const options = argv.slice(argv.indexOf("--connection-file")).filter((word) => word !== "--loose");
  const first = { argv: [node, ...nodeOptions, program, "kernel", ...options], ...wanted };
  return /[\\/]gradbook\.mjs$/.test(program) && JSON.stringify(spec) === JSON.stringify(first);
}

function isSpec(
  spec: unknown,
): spec is { readonly argv: readonly string[]; readonly metadata: Record<string, unknown> } {
  return (
    argvOf(spec).length > 0 && typeof Object(spec).metadata === "object" && Object(spec).metadata !== null
  );
}

function isTslabs(spec: unknown): boolean {
  return argvOf(spec).some((word) => /(?:^|[\\/])tslab$/.test(word));
}

function argvOf(spec: unknown): readonly string[] {
  const argv: unknown = typeof spec === "object" && spec !== null && "argv" in spec ? spec.argv : [];
  return Array.isArray(argv) && argv.every((word) => typeof word === "string") ? argv : [];
}

/** Where Jupyter is told of the kernel; without any of these for this user. */
export interface InstallPlace {
  /** For an environment: its folder. */
  readonly prefix?: string;
  /** For the Python environment that is active. Default: false. */
  readonly sysPrefix?: boolean;
}

/** The data folder of Jupyter that is meant. @throws GradbookError when there is none */
export function dataFolderAt({ prefix, sysPrefix = false }: InstallPlace): string {
  if (prefix === undefined && !sysPrefix) return ownDataFolder();
  return join(prefix ?? pythonPrefix(), "share", "jupyter");
}

function ownDataFolder(): string {
  const folder = userDataFolder();
  if (folder !== undefined) return folder;
  throw new GradbookError({
    code: "program",
    what: "the home folder",
    got: "this user has none",
    cure: "Set the variable HOME, or name a folder with --prefix DIR.",
  });
}

/** The environment of the `python` that is first in PATH. */
export function pythonPrefix(): string {
  for (const python of ["python3", "python"]) {
    try {
      return execFileSync(python, ["-c", "import sys; print(sys.prefix)"], { encoding: "utf8" }).trim();
    } catch {
      // The next name, then.
    }
  }
  throw new GradbookError({
    code: "program",
    what: "--sys-prefix",
    got: "no python in PATH",
    cure: "--prefix DIR names the environment.",
  });
}

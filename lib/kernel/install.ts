import { execFileSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { configError, GradbookError, usageError } from "../errors/error.js";
import { onDisk } from "../errors/os-error.js";
import { sha256 } from "../files/sha256.js";
import { writeAtomic } from "../files/write-atomic.js";

/** What Jupyter reads in kernel.json. */
export interface KernelSpec {
  readonly argv: readonly string[];
  readonly display_name: string;
  readonly language: string;
  readonly interrupt_mode: "message";
  readonly metadata: Readonly<Record<string, boolean>>;
}

/**
 * Options of Node that the kernel runs with. When V8 ends a callback in the middle, Node's book-keeping of asynchronous
 * contexts is left with an entry too many; unless told otherwise, Node then ends the process. `MendableHooks` sees to
 * that by itself; this is for a version of Node where it finds no way to do so.
 */
export const nodeOptions: readonly string[] = ["--no-force-async-hooks-checks"];

/** The kernelspec of this installation: this Node, this copy of gradbook. */
export function kernelSpec(name: string): KernelSpec {
  const program = fileURLToPath(new URL("../../cli/gradbook.mjs", import.meta.url));
  const javascript = name === "jslab";
  const options = ["--connection-file", "{connection_file}", ...(javascript ? ["--javascript"] : [])];
  return {
    argv: [process.execPath, ...nodeOptions, program, "kernel", ...options],
    display_name: javascript ? "JavaScript (gradbook)" : "TypeScript (gradbook)",
    language: javascript ? "javascript" : "typescript",
    interrupt_mode: "message",
    metadata: { debugger: false },
  };
}

/**
 * Writes the kernelspec `name` into a data folder of Jupyter.
 * @returns the folder of the kernelspec
 * @throws GradbookError when another kernel's specification is there, or one of ours that was changed
 */
export function writeKernelSpec(dataFolder: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) {
    throw configError("kernel name", `"${name}"`, "letters, digits, . _ - and no dot in front");
  }
  const folder = join(dataFolder, "kernels", name);
  const path = join(folder, "kernel.json");
  refuseOthers(path, name);
  writeAtomic(path, sealedSpec(kernelSpec(name)), { elsewhere: "--prefix DIR" });
  return folder;
}

/** `--name tslab` and `--name jslab` are to take the place of tslab's kernels; every other one stays. */
function refuseOthers(path: string, name: string): void {
  const found = onDisk({ path, doing: "read" }, () => lstatSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return;
  if (found.isFile()) {
    const text = onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8"));
    const spec = parseSpec(text);
    if (isOurs(text, spec, name) || ((name === "tslab" || name === "jslab") && isTslabs(spec))) return;
  }
  throw new GradbookError({
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
function sealedSpec({
  metadata,
  ...spec
}: Omit<KernelSpec, "metadata"> & { readonly metadata: object }): string {
  const written = sha256(JSON.stringify({ ...spec, metadata }));
  return `${JSON.stringify({ ...spec, metadata: { ...metadata, written } }, null, 2)}\n`;
}

/** A specification as some installation of gradbook wrote it, in whatever folder and for whatever Node. */
function isOurs(text: string, spec: unknown, name: string): boolean {
  if (!isSpec(spec)) return false;
  const { written, ...metadata } = spec.metadata;
  if (written !== undefined) return text === sealedSpec({ ...spec, metadata });
  // 0.1.0 wrote none
  const { argv, ...wanted } = { ...kernelSpec(name), metadata: { debugger: false } };
  const first = { argv: [spec.argv[0], argv[1], spec.argv[2], ...argv.slice(3)], ...wanted };
  return /[\\/]gradbook\.mjs$/.test(spec.argv[2] ?? "") && JSON.stringify(spec) === JSON.stringify(first);
}

function isSpec(spec: unknown): spec is Omit<KernelSpec, "metadata"> & { metadata: Record<string, unknown> } {
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

/** `gradbook kernel install …` @returns the exit code */
export function installKernel(args: readonly string[]): number {
  const { values } = parseArgs({
    args: [...args],
    options: {
      user: { type: "boolean", default: false },
      prefix: { type: "string" },
      "sys-prefix": { type: "boolean", default: false },
      name: { type: "string", default: "gradbook" },
    },
  });
  const { user, prefix, "sys-prefix": systemPrefix, name } = values;
  const places = [user, prefix !== undefined, systemPrefix].filter(Boolean).length;
  if (places > 1) {
    throw usageError("install", "two places", "one of --user, --prefix, --sys-prefix");
  }
  if (prefix === "") {
    throw usageError("--prefix", '""', "a folder");
  }
  const dataFolder =
    prefix !== undefined
      ? join(prefix, "share", "jupyter")
      : systemPrefix
        ? join(pythonPrefix(), "share", "jupyter")
        : userDataFolder();
  console.log(`Kernel "${name}" installed in ${writeKernelSpec(dataFolder, name)}`);
  return 0;
}

/** Where Jupyter looks for what belongs to one user. */
export function userDataFolder(): string {
  const { JUPYTER_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (JUPYTER_DATA_DIR) return JUPYTER_DATA_DIR;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(APPDATA ?? join(homedir(), "AppData", "Roaming"), "jupyter");
  return join(XDG_DATA_HOME || join(homedir(), ".local", "share"), "jupyter");
}

/** The environment of the `python` that is first in PATH. */
function pythonPrefix(): string {
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

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GradbookError } from "../errors/error.js";

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
 * contexts is left with an entry too many; unless told otherwise, Node then ends the process. `mendableHooks` sees to
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

/** Writes the kernelspec `name` into a data folder of Jupyter. @returns the folder of the kernelspec */
export function writeKernelSpec(dataFolder: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(name)) {
    throw new GradbookError({
      code: "config",
      what: "kernel name",
      got: `"${name}"`,
      expected: "letters, digits, . _ - and no dot in front",
    });
  }
  const folder = join(dataFolder, "kernels", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "kernel.json"), `${JSON.stringify(kernelSpec(name), null, 2)}\n`);
  return folder;
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
    throw new GradbookError({
      code: "usage",
      what: "install",
      got: "two places",
      expected: "one of --user, --prefix, --sys-prefix",
    });
  }
  if (prefix === "") {
    throw new GradbookError({ code: "usage", what: "--prefix", got: '""', expected: "a folder" });
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
    code: "install",
    what: "--sys-prefix",
    got: "no python in PATH",
    cure: "--prefix DIR names the environment.",
  });
}

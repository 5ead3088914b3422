import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GradbookError } from "../errors/error.js";
import { onDisk } from "../errors/os-error.js";
import { homeFolder } from "../files/home.js";
import type { JsonObject } from "./nbformat.js";
import { record, text } from "./wire.js";

/** How a kernel is started: what a Jupyter kernelspec says. */
export interface KernelSpec {
  readonly name: string;
  readonly displayName: string;
  readonly language: string;
  /** The command; `{connection_file}` stands for the path of the connection file. */
  readonly argv: readonly string[];
  /** Added to the environment of the kernel's process. */
  readonly env: Readonly<Record<string, string>>;
  /** How it is interrupted: SIGINT, or an `interrupt_request` on the control channel. */
  readonly interruptMode: "signal" | "message";
  /** Where it was found, for messages. */
  readonly origin: string;
}

/** Preloaded into every stock tslab: no output is lost, or the loss is seen. */
const TSLAB_GUARD = fileURLToPath(new URL("./tslab-guard.cjs", import.meta.url));

const GRADBOOK = fileURLToPath(new URL("../../cli/gradbook.mjs", import.meta.url));

/** The kernel of a notebook that names none. */
export const DEFAULT_KERNEL = "tslab";

/**
 * Finds a kernel by its name (upper and lower case alike): the project's own first, then what Jupyter has been told of,
 * in `.venv` from `folder` upwards, JUPYTER_PATH, the user's and the system's folders.
 * @param folder where the notebook is
 * @throws GradbookError naming the kernels that there are
 */
export function findKernel(name: string, folder: string): KernelSpec {
  const wanted = name.toLowerCase();
  const own = projectKernels(folder).find((spec) => spec.name === wanted);
  if (own !== undefined) return own;
  const folders = jupyterFolders(folder).map((path) => join(path, "kernels"));
  for (const kernels of folders) {
    const found = listFolder(kernels).find((entry) => entry.toLowerCase() === wanted);
    const spec = found === undefined ? undefined : readKernelSpec(join(kernels, found), wanted);
    if (spec !== undefined) return spec;
  }
  const known = [...projectKernels(folder).map((spec) => spec.name), ...folders.flatMap(listFolder)];
  throw new GradbookError({
    code: "kernel-unknown",
    what: `kernel "${name}"`,
    got: "no kernel of this name",
    expected: `one of ${[...new Set(known)].join(", ")}`,
    cure: "--kernel NAME selects another one.",
  });
}

/**
 * The kernels that come with the project. This function is the one place that decides what `tslab` means, the name that
 * notebooks carry so that they open with any TypeScript kernel: here it is our own. `stock-tslab` is the npm package
 * tslab, where it is installed.
 */
export function projectKernels(folder: string): readonly KernelSpec[] {
  const gradbook: KernelSpec = {
    name: "gradbook",
    displayName: "TypeScript (gradbook)",
    language: "typescript",
    // What a hard stop does to Node's book-keeping would otherwise end the process (lib/kernel/README.md).
    argv: [
      process.execPath,
      "--no-force-async-hooks-checks",
      GRADBOOK,
      "kernel",
      "--connection-file",
      "{connection_file}",
    ],
    env: {},
    interruptMode: "message",
    origin: dirname(GRADBOOK),
  };
  const own: readonly KernelSpec[] = [
    { ...gradbook, name: "tslab", displayName: "TypeScript" },
    {
      ...gradbook,
      name: "jslab",
      displayName: "JavaScript",
      language: "javascript",
      argv: [...gradbook.argv, "--javascript"],
    },
    gradbook,
  ];
  const stock = stockTslab(folder);
  return stock === undefined ? own : [...own, stock];
}

/** The npm package tslab, guarded against losing output. */
function stockTslab(folder: string): KernelSpec | undefined {
  const main = findPackage("tslab/package.json", folder);
  if (main === undefined) return undefined;
  return {
    name: "stock-tslab",
    displayName: "TypeScript (stock tslab)",
    language: "typescript",
    argv: [
      process.execPath,
      "--require",
      TSLAB_GUARD,
      join(dirname(main), "bin/tslab"),
      "kernel",
      "--config-path",
      "{connection_file}",
    ],
    env: {},
    interruptMode: "signal",
    origin: dirname(main),
  };
}

/** The content of `kernel.json` for a kernel, as `jupyter kernelspec` wants it. */
export function kernelSpecFile(spec: KernelSpec): string {
  const { argv, displayName: display_name, language, env, interruptMode: interrupt_mode } = spec;
  return `${JSON.stringify({ argv, display_name, language, env, interrupt_mode }, null, 1)}\n`;
}

/** The environment of a tslab that somebody else installed: it needs the guard as well. */
function withGuard(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const options = env.NODE_OPTIONS ?? process.env.NODE_OPTIONS ?? "";
  return { ...env, NODE_OPTIONS: `${options} --require ${JSON.stringify(TSLAB_GUARD)}`.trim() };
}

/** A package as the notebook sees it, else as gradbook does. */
function findPackage(path: string, folder: string): string | undefined {
  for (const from of [join(folder, "notebook.ipynb"), fileURLToPath(import.meta.url)]) {
    try {
      return createRequire(from).resolve(path);
    } catch {
      // Not from there.
    }
  }
  return undefined;
}

/** Jupyter's data folders in its own order (`jupyter --paths`), the project's `.venv` before them. */
function jupyterFolders(folder: string): readonly string[] {
  const venvs: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    venvs.push(...[".venv", ".venv-gradbook"].map((name) => join(at, name, "share/jupyter")));
    if (dirname(at) === at) break;
  }
  const { env, platform } = process;
  const separator = platform === "win32" ? ";" : ":";
  const listed = (env.JUPYTER_PATH ?? "").split(separator).filter((path) => path !== "");
  const system =
    platform === "win32"
      ? [join(env.PROGRAMDATA ?? "C:\\ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  return [...venvs, ...listed, ...userFolders(), ...system];
}

/** The user's own data folder of Jupyter; none for a user without a home. */
function userFolders(): readonly string[] {
  const { env, platform } = process;
  if (env.JUPYTER_DATA_DIR !== undefined) return [env.JUPYTER_DATA_DIR];
  if (platform === "win32" && env.APPDATA !== undefined) return [join(env.APPDATA, "jupyter")];
  if (platform !== "darwin" && env.XDG_DATA_HOME !== undefined) return [join(env.XDG_DATA_HOME, "jupyter")];
  const home = homeFolder();
  if (home === undefined) return [];
  if (platform === "win32") return [join(home, "jupyter")];
  return [join(home, platform === "darwin" ? "Library/Jupyter" : ".local/share/jupyter")];
}

function listFolder(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function parseSpec(path: string, text: string): JsonObject {
  try {
    return record(JSON.parse(text));
  } catch (cause) {
    throw noSpec(path, "it is not JSON", cause);
  }
}

function noSpec(path: string, got: string, cause?: unknown): GradbookError {
  return new GradbookError(
    {
      code: "kernel-spec",
      what: path,
      got,
      expected: "a Jupyter kernelspec",
      cure: "Install the kernel again.",
    },
    { cause },
  );
}

function readKernelSpec(folder: string, name: string): KernelSpec | undefined {
  const path = join(folder, "kernel.json");
  if (!existsSync(path)) return undefined;
  const file = parseSpec(
    path,
    onDisk({ path, doing: "read" }, () => readFileSync(path, "utf8")),
  );
  const argv = Array.isArray(file.argv) ? file.argv.filter((word) => typeof word === "string") : [];
  if (argv.length === 0) throw noSpec(path, "there is no argv in it");
  const env = Object.fromEntries(
    Object.entries(record(file.env)).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
  return {
    name,
    displayName: text(file.display_name) || name,
    language: text(file.language),
    argv: argv.map((word) => word.replaceAll("{resource_dir}", folder)),
    env: argv.some((word) => /\b[tj]slab\b/.test(word)) ? withGuard(env) : env,
    interruptMode: file.interrupt_mode === "message" ? "message" : "signal",
    origin: folder,
  };
}

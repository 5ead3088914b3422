import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { GradbookError } from "@gradbook/base";
import {
  type KernelSpec,
  kernelSpec,
  ownPackage,
  readKernelSpec,
  userDataFolder,
} from "@gradbook/kernel/internal";

/** A kernel that can be started. */
export interface FoundKernel extends KernelSpec {
  readonly name: string;
  /** Where it was found, for messages. */
  readonly origin: string;
}

/** Preloaded into every stock tslab: no output is lost, or the loss is seen. */
const TSLAB_GUARD = fileURLToPath(new URL("./tslab-guard.cjs", import.meta.url));

/** The kernel of a notebook that names none. */
export const DEFAULT_KERNEL = "tslab";

/**
 * Finds a kernel by its name (upper and lower case alike): the project's own first, then what Jupyter has been told of,
 * in `.venv` from `folder` upwards, JUPYTER_PATH, the user's and the system's folders.
 * @param folder where the notebook is
 * @throws GradbookError naming the kernels that there are
 */
export function findKernel(name: string, folder: string): FoundKernel {
  const wanted = name.toLowerCase();
  const own = projectKernels(folder).find((spec) => spec.name === wanted);
  if (own !== undefined) return own;
  const folders = jupyterFolders(folder).map((path) => join(path, "kernels"));
  for (const kernels of folders) {
    const found = listFolder(kernels).find((entry) => entry.toLowerCase() === wanted);
    const spec = found === undefined ? undefined : installed(join(kernels, found), wanted);
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
export function projectKernels(folder: string): readonly FoundKernel[] {
  const kernel = (name: string, display_name?: string): FoundKernel => {
    const spec = kernelSpec(name);
    return { ...spec, name, display_name: display_name ?? spec.display_name, origin: ownPackage().folder };
  };
  const own = [kernel("tslab", "TypeScript"), kernel("jslab", "JavaScript"), kernel("gradbook")];
  const stock = stockTslab(folder);
  return stock === undefined ? own : [...own, stock];
}

/** The npm package tslab, guarded against losing output. */
function stockTslab(folder: string): FoundKernel | undefined {
  const main = findPackage("tslab/package.json", folder);
  if (main === undefined) return undefined;
  return {
    name: "stock-tslab",
    display_name: "TypeScript (stock tslab)",
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
    interrupt_mode: "signal",
    origin: dirname(main),
  };
}

function installed(folder: string, name: string): FoundKernel | undefined {
  const spec = readKernelSpec(folder);
  if (spec === undefined) return undefined;
  const isTslab = spec.argv.some((word) => /\b[tj]slab\b/.test(word));
  return {
    ...spec,
    name,
    display_name: spec.display_name || name,
    ...(isTslab ? { env: withGuard(spec.env) } : {}),
    origin: folder,
  };
}

/** The environment of a tslab that somebody else installed: it needs the guard as well. */
function withGuard(env: KernelSpec["env"]): Readonly<Record<string, string>> {
  const options = env?.NODE_OPTIONS ?? process.env.NODE_OPTIONS ?? "";
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
  const user = userDataFolder();
  const system =
    platform === "win32"
      ? [join(env.PROGRAMDATA ?? "C:\\ProgramData", "jupyter")]
      : ["/usr/local/share/jupyter", "/usr/share/jupyter"];
  return [...venvs, ...listed, ...(user === undefined ? [] : [user]), ...system];
}

function listFolder(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

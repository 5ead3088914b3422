import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { onDisk } from "@gradbook/base";
import { pythonPrefix, sealedByUs } from "./install.js";
import { userDataFolder } from "./jupyter/data-folder.js";

/** A kernel of gradbook's that Jupyter knows. */
export interface InstalledKernel {
  readonly name: string;
  /** Of its kernelspec. */
  readonly folder: string;
  /** The first file of its command that is no longer there; undefined for one that can start. */
  readonly missing: string | undefined;
}

/** Every kernelspec that gradbook has written, in all folders where Jupyter looks, in the order in which it does. */
export function installedKernels(): readonly InstalledKernel[] {
  return jupyterFolders().flatMap((data) => {
    const kernels = join(data, "kernels");
    if (!existsSync(kernels)) return [];
    return onDisk({ path: kernels, doing: "read" }, () => readdirSync(kernels))
      .sort()
      .flatMap((name) => kernelIn(join(kernels, name), name));
  });
}

function kernelIn(folder: string, name: string): InstalledKernel[] {
  let text: string;
  try {
    text = readFileSync(join(folder, "kernel.json"), "utf8");
  } catch {
    // no kernelspec, or nobody's that may be read
    return [];
  }
  const argv = sealedByUs(text, name);
  if (argv === undefined) return [];
  const missing = argv.find((word) => isAbsolute(word) && !existsSync(word));
  return [{ name, folder, missing }];
}

/** As `jupyter --paths` has them: the variable's, this user's, the active environment's, the system's. */
function jupyterFolders(): readonly string[] {
  const { JUPYTER_PATH = "" } = process.env;
  const own = userDataFolder();
  const listed = [
    ...JUPYTER_PATH.split(delimiter).filter((folder) => folder !== ""),
    ...(own === undefined ? [] : [own]),
    ...environment(),
    ...(process.platform === "win32" ? [] : ["/usr/local/share/jupyter", "/usr/share/jupyter"]),
  ];
  return [...new Set(listed)];
}

function environment(): readonly string[] {
  try {
    return [join(pythonPrefix(), "share", "jupyter")];
  } catch {
    // no Python, and no environment of it
    return [];
  }
}

/** What `kernel list` prints: a line for each. */
export function listKernels(program: string): string {
  const kernels = installedKernels();
  if (kernels.length === 0) return `No kernel of gradbook's is installed. ${program} install installs one.`;
  const width = Math.max(...kernels.map(({ name }) => name.length));
  return kernels
    .map(({ name, folder, missing }) => {
      const state =
        missing === undefined
          ? ""
          : `\n${" ".repeat(width)}  cannot start: ${missing} has gone. ${program} install --name ${name}, from where gradbook is now, mends it.`;
      return `${name.padEnd(width)}  ${folder}${state}`;
    })
    .join("\n");
}

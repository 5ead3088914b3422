import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  GradbookError,
  makeIgnoredFolder,
  onDisk,
  sha256,
  shownPath,
  withLock,
  writeAtomic,
} from "@gradbook/base";
import { kernelSpecText } from "@gradbook/kernel/internal";
import { projectKernels } from "./kernels.js";
import { installLabExtension } from "./lab-extension.js";

/**
 * JupyterLab and nbconvert in an environment of the project's own, with the project's kernel registered there, under
 * each name that a notebook may carry, and nowhere else.
 */
export interface Jupyter {
  /** The Python of the environment: `python -m jupyterlab`, `python -m nbconvert`. */
  readonly python: string;
  /** Variables that Jupyter needs to prefer this environment to what the user has installed. */
  readonly env: Readonly<Record<string, string>>;
}

/** Settings that keep JupyterLab from asking the network for news, updates and extensions. */
const QUIET_SETTINGS = {
  "@jupyterlab/apputils-extension:notification": { fetchNews: "false", checkForUpdates: false },
};

/** The same on the server's side. */
export const QUIET_ARGUMENTS: readonly string[] = [
  "--LabApp.news_url=None",
  "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
  "--LabApp.extension_manager=readonly",
];

/** What the package itself needs of Python: a project's own requirements.txt is none of our business. */
const REQUIREMENTS = fileURLToPath(new URL("../../requirements.txt", import.meta.url));

/** In every environment that gradbook has made, from its first moment on. */
const MARK = ".gradbook";

/** The digest of the requirements that were installed; in environments of 0.1.0 it is their mark. */
const STAMP = ".gradbook-installed";

/**
 * Makes `.venv` in a folder and installs JupyterLab into it, or brings it up to date; what has not changed is not done
 * again. A `.venv` that gradbook has not made is left alone: then it is `.venv-gradbook`.
 * @param root the project's folder
 * @param log told about each step that takes time
 * @throws GradbookError when Python is missing or pip fails, with its last words
 */
export async function prepareJupyter(root: string, log: (text: string) => void): Promise<Jupyter> {
  const venv = [".venv", ".venv-gradbook"].map((name) => join(root, name)).find(isFreeOrOurs);
  if (venv === undefined) throw noPlace(root);
  const windows = process.platform === "win32";
  const python = join(venv, windows ? "Scripts/python.exe" : "bin/python");
  makeIgnoredFolder(join(root, ".cache"));
  const onWait = () => log("Another gradbook is setting up JupyterLab: waiting for it");
  await withLock(join(root, ".cache/jupyter.lock"), { onWait }, async () => {
    await install(venv, python, log);
    const data = join(venv, "share/jupyter");
    for (const { name, origin: _, ...spec } of projectKernels(root)) {
      if (name === "stock-tslab") continue;
      writeWhenChanged(join(data, "kernels", name, "kernel.json"), kernelSpecText(spec));
    }
    await installLabExtension(data);
    writeWhenChanged(
      join(data, "lab/settings/overrides.json"),
      `${JSON.stringify(QUIET_SETTINGS, null, 1)}\n`,
    );
  });
  return { python, env: { JUPYTER_PREFER_ENV_PATH: "1" } };
}

/** Not there, or made by us; a link is somebody's own. */
function isFreeOrOurs(venv: string): boolean {
  const found = onDisk({ path: venv, doing: "read" }, () => lstatSync(venv, { throwIfNoEntry: false }));
  if (found === undefined) return true;
  return found.isDirectory() && [MARK, STAMP].some((name) => existsSync(join(venv, name)));
}

function noPlace(root: string): GradbookError {
  return new GradbookError({
    code: "program",
    what: shownPath(root),
    got: "its .venv and .venv-gradbook are not gradbook's",
    expected: "one of these names to be free, for JupyterLab",
    cure: "They were not touched. Rename one of them.",
  });
}

async function install(venv: string, python: string, log: (text: string) => void): Promise<void> {
  const wanted = sha256(onDisk({ path: REQUIREMENTS, doing: "read" }, () => readFileSync(REQUIREMENTS)));
  const stamp = join(venv, STAMP);
  const works = spawnSync(python, ["-c", "import pip"]).status === 0;
  if (works && existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  const name = basename(venv);
  if (!works) {
    const system = findPython();
    log(`Making ${name} with ${system}`);
    onDisk({ path: venv, doing: "write" }, () => {
      rmSync(venv, { recursive: true, force: true });
      mkdirSync(venv);
    });
    writeAtomic(join(venv, MARK), "made by gradbook lab, for JupyterLab\n");
    writeAtomic(join(venv, ".gitignore"), "*\n");
    await run(system, ["-m", "venv", venv], "python -m venv");
  }
  log(`Installing JupyterLab into ${name} (once, about half a minute)`);
  const quiet = ["--disable-pip-version-check", "--no-input", "--quiet"];
  await run(python, ["-m", "pip", "install", ...quiet, "-r", REQUIREMENTS], "pip install jupyterlab");
  writeAtomic(stamp, wanted);
}

/** The first Python that can make an environment: GRADBOOK_PYTHON, python3, python, Windows' launcher. */
function findPython(): string {
  const { GRADBOOK_PYTHON } = process.env;
  const candidates = [...(GRADBOOK_PYTHON === undefined ? [] : [GRADBOOK_PYTHON]), "python3", "python", "py"];
  const seen: string[] = [];
  for (const name of candidates) {
    const { status, stdout } = spawnSync(name, ["-c", PROBE], { encoding: "utf8" });
    if (status === 0) return name;
    if (status !== null) seen.push(`${name}: ${stdout.trim() || `exit code ${status}`}`);
  }
  throw new GradbookError({
    code: "program",
    what: "JupyterLab",
    got:
      seen.length === 0 ? "there is no Python on this machine" : `no Python can be used (${seen.join("; ")})`,
    expected: "Python 3.10 or newer with venv",
    cure:
      "Install it from python.org, with `apt-get install python3-venv` or `brew install python`; " +
      "GRADBOOK_PYTHON names one in an unusual place.",
  });
}

/** Debian splits `ensurepip` off into python3-venv, without which an environment has no pip. */
const PROBE = `
import sys
if sys.version_info < (3, 10): sys.exit(print("version", sys.version.split()[0]) or 1)
try: import venv, ensurepip
except ImportError as error: sys.exit(print(error) or 1)
`;

async function run(command: string, args: readonly string[], what: string): Promise<void> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-2000);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code === 0) return;
  throw new GradbookError({
    code: "program",
    what,
    got: `exit code ${code}; its last output:\n${said.trim()}\n`,
    cure: "Fix the cause and run the command again; completed steps are skipped.",
  });
}

/** Changed only when it has to be: JupyterLab looks at the file's time. */
function writeWhenChanged(path: string, content: string): void {
  if (existsSync(path) && readFileSync(path, "utf8") === content) return;
  writeAtomic(path, content);
}

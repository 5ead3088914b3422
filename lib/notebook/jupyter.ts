import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GradbookError } from "../errors/error.js";
import { kernelSpecFile, projectKernels } from "./kernels.js";
import { installLabExtension } from "./lab-extension.js";

/**
 * JupyterLab and nbconvert in the project's own `.venv`, with the project's kernel registered there, under each name that
 * a notebook may carry, and nowhere else.
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

/**
 * Makes `.venv` from `requirements.txt`, or brings it up to date; what has not changed is not done again.
 * @param root the folder that holds requirements.txt
 * @param log told about each step that takes time
 * @throws GradbookError when Python is missing or pip fails, with its last words
 */
export async function prepareJupyter(root: string, log: (text: string) => void): Promise<Jupyter> {
  const venv = join(root, ".venv");
  const windows = process.platform === "win32";
  const python = join(venv, windows ? "Scripts/python.exe" : "bin/python");
  await withLock(join(root, ".cache/jupyter.lock"), async () => {
    await install(root, venv, python, log);
    const data = join(venv, "share/jupyter");
    for (const spec of projectKernels(root)) {
      if (spec.name === "stock-tslab") continue;
      await writeWhenChanged(join(data, "kernels", spec.name, "kernel.json"), kernelSpecFile(spec));
    }
    await installLabExtension(data);
    await writeWhenChanged(
      join(data, "lab/settings/overrides.json"),
      `${JSON.stringify(QUIET_SETTINGS, null, 1)}\n`,
    );
  });
  return { python, env: { JUPYTER_PREFER_ENV_PATH: "1" } };
}

async function install(
  root: string,
  venv: string,
  python: string,
  log: (text: string) => void,
): Promise<void> {
  const requirements = join(root, "requirements.txt");
  const wanted = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  const stamp = join(venv, ".gradbook-installed");
  const works = spawnSync(python, ["-c", "import pip"]).status === 0;
  if (works && existsSync(stamp) && (await readFile(stamp, "utf8")) === wanted) return;
  if (!works) {
    const system = findPython();
    log(`Making .venv with ${system}`);
    await run(system, ["-m", "venv", "--clear", venv], "python -m venv");
  }
  log("Installing requirements.txt into .venv (once, about half a minute)");
  const quiet = ["--disable-pip-version-check", "--no-input", "--quiet"];
  await run(
    python,
    ["-m", "pip", "install", ...quiet, "-r", requirements],
    "pip install -r requirements.txt",
  );
  await writeFile(stamp, wanted);
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
    code: "python",
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
    code: "python",
    what,
    got: `exit code ${code}; its last words:\n${said.trim()}\n`,
    cure: "Call again when the cause is gone; what is done is not done twice.",
  });
}

/** Changed only when it has to be: JupyterLab looks at the file's time. */
async function writeWhenChanged(path: string, content: string): Promise<void> {
  if (existsSync(path) && (await readFile(path, "utf8")) === content) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** One at a time, over processes: two calls of pip in one environment break it. The lock of a dead process is void. */
async function withLock(path: string, action: () => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(String(process.pid));
      await file.close();
      break;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      if (!(await ownerLives(path))) await rm(path, { force: true });
      else await sleep(200);
    }
  }
  try {
    await action();
  } finally {
    await rm(path, { force: true });
  }
}

async function ownerLives(path: string): Promise<boolean> {
  await sleep(50); // Between its creation and its content a lock is empty.
  const owner = Number(await readFile(path, "utf8").catch(() => ""));
  if (!Number.isInteger(owner) || owner <= 0) return false;
  try {
    process.kill(owner, 0);
    return true;
  } catch {
    return false;
  }
}

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareJupyter, QUIET_ARGUMENTS } from "#tools/notebook/jupyter.js";

export interface JupyterLab {
  /** Address of the server, with a slash at its end. */
  readonly url: string;
  readonly token: string;
  /** Ends the server and its kernels. */
  stop(): Promise<void>;
}

/** Every cell is drawn, not only those in sight, so that a test can look at all figures. */
const TEST_SETTINGS = JSON.stringify({ windowingMode: "none" });

/**
 * Starts the JupyterLab of `npm run lab` on `folder`, with settings, history and signatures of its own in `state`:
 * nothing of the user's is read or written.
 */
export async function startJupyterLab(
  root: string,
  folder: string,
  state: string,
  env: Readonly<Record<string, string>>,
): Promise<JupyterLab> {
  const jupyter = await prepareJupyter(root, (text) => console.log(text));
  const settings = join(state, "settings");
  const runtime = join(state, "runtime");
  await mkdir(join(settings, "@jupyterlab/notebook-extension"), { recursive: true });
  await mkdir(runtime, { recursive: true });
  await writeFile(
    join(settings, "@jupyterlab/notebook-extension/tracker.jupyterlab-settings"),
    TEST_SETTINGS,
  );
  const token = randomBytes(16).toString("hex");
  const args = [
    "-m",
    "jupyterlab",
    "--no-browser",
    "--allow-root",
    "--port=0",
    `--ServerApp.root_dir=${folder}`,
    `--IdentityProvider.token=${token}`,
    ...QUIET_ARGUMENTS,
  ];
  const server = spawn(jupyter.python, args, {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32",
    env: {
      ...process.env,
      ...jupyter.env,
      ...env,
      JUPYTER_CONFIG_DIR: join(state, "config"),
      JUPYTER_DATA_DIR: join(state, "data"),
      JUPYTER_RUNTIME_DIR: runtime,
      JUPYTERLAB_SETTINGS_DIR: settings,
      JUPYTERLAB_WORKSPACES_DIR: join(state, "workspaces"),
      IPYTHONDIR: join(state, "ipython"),
    },
  });
  let said = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
  }
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const stop = async () => {
    server.kill("SIGTERM");
    await Promise.race([ended, sleep(10_000, undefined, { ref: false })]);
    if (server.pid !== undefined && server.exitCode === null) killGroup(server.pid);
    await ended;
  };
  for (let waited = 0; waited < 60_000; waited += 100) {
    const url = await findUrl(runtime);
    if (url !== undefined) return { url, token, stop };
    if (server.exitCode !== null)
      throw new Error(`JupyterLab ended with exit code ${server.exitCode}:\n${said}`);
    await sleep(100);
  }
  await stop();
  throw new Error(`JupyterLab did not start in 60 s:\n${said}`);
}

/** A running server describes itself in a file of its runtime folder. */
async function findUrl(runtime: string): Promise<string | undefined> {
  const name = (await readdir(runtime)).find((file) => /^jpserver-\d+\.json$/.test(file));
  if (name === undefined) return undefined;
  try {
    const { url }: { url?: string } = JSON.parse(await readFile(join(runtime, name), "utf8"));
    return url;
  } catch {
    return undefined; // Half written; the next look sees it whole.
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

/** A new, empty folder within the checkout, so that a notebook in it can import `gradbook`. */
export async function workFolder(root: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = join(root, ".cache", `test-${randomBytes(6).toString("hex")}`);
  await mkdir(path, { recursive: true });
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** The notebook that the tests with a real front end run: GRADBOOK_TEST_NOTEBOOK, else hw4. */
export function notebookUnderTest(root: string): string {
  const path = process.env.GRADBOOK_TEST_NOTEBOOK ?? join(root, "notebooks/hw4.ipynb");
  if (!existsSync(path)) throw new Error(`${path}: there is no such notebook`);
  return path;
}

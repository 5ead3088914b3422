import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { GradbookError } from "../errors/error.js";
import { prepareJupyter, QUIET_ARGUMENTS } from "../notebook/jupyter.js";
import type { Command } from "./command.js";

export const command: Command = {
  name: "lab",
  summary: "open the notebooks in JupyterLab (set up in .venv the first time)",
  usage: `gradbook lab [--port N] [--no-browser]

  --port N       port of the server on this machine (default 8888, or the next free one)
  --no-browser   only print the address

The first call makes .venv from requirements.txt with python3 and registers the TypeScript kernel in it.
JupyterLab runs on notebooks/ until Ctrl-C; it asks no server for news, updates or extensions.`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { port: { type: "string" }, "no-browser": { type: "boolean" } },
    });
    const port = parsePort(values.port);
    const root = findRoot(process.cwd());
    const jupyter = await prepareJupyter(root, (text) => console.log(`gradbook · ${text}`));
    const labArgs = [
      "-m",
      "jupyterlab",
      `--ServerApp.root_dir=${join(root, "notebooks")}`,
      ...QUIET_ARGUMENTS,
      ...(port === undefined ? [] : [`--port=${port}`]),
      ...(values["no-browser"] === true ? ["--no-browser"] : []),
      // Jupyter refuses to run as root unless told that it is meant.
      ...(process.getuid?.() === 0 ? ["--allow-root"] : []),
    ];
    const lab = spawn(jupyter.python, labArgs, { stdio: "inherit", env: { ...process.env, ...jupyter.env } });
    // Ctrl-C reaches the server too, which asks whether it is meant: it ends this process by its own end.
    process.on("SIGINT", () => undefined);
    process.once("SIGTERM", () => lab.kill("SIGTERM"));
    return await new Promise((settle, reject) => {
      lab.once("error", reject);
      lab.once("exit", (code) => settle(code ?? 0));
    });
  },
};

function parsePort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw new GradbookError({
    code: "option",
    what: "--port",
    got: JSON.stringify(text),
    expected: "1 to 65535",
  });
}

/** The checkout that `folder` is in: the nearest folder upwards with requirements.txt and notebooks/. */
function findRoot(folder: string): string {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (existsSync(join(at, "requirements.txt")) && existsSync(join(at, "notebooks"))) return at;
    if (dirname(at) === at) break;
  }
  throw new GradbookError({
    code: "folder",
    what: folder,
    got: "there is no requirements.txt with a folder notebooks/ beside it here or above",
    cure: "Call it in a checkout of gradbook.",
  });
}

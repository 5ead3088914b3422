import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findProject, isFolder, usageError } from "@gradbook/base";
import { prepareJupyter, QUIET_ARGUMENTS } from "../notebook/jupyter.js";
import type { Command } from "./command.js";

export const command: Command = {
  usage: `gradbook lab [--port N] [--no-browser] [--prepare]

  --port N       port of the server on this machine (default 8888, or the next free one)
  --no-browser   only print the address
  --prepare      only set up what the first call sets up

The first call makes .venv with python3 in the project's folder, installs JupyterLab and registers the TypeScript kernel
in it; a .venv of your own is left alone (then it is .venv-gradbook). JupyterLab runs until Ctrl-C on notebooks/, or
where there is none on the project's folder; it contacts no server for news, updates or extensions.`,
  async run(args) {
    const { values } = parseArgs({
      args: [...args],
      options: { port: { type: "string" }, "no-browser": { type: "boolean" }, prepare: { type: "boolean" } },
    });
    const port = parsePort(values.port);
    const root = findProject();
    const notebooks = join(root, "notebooks");
    const jupyter = await prepareJupyter(root, (text) => console.log(`gradbook · ${text}`));
    if (values.prepare === true) return 0;
    const labArgs = [
      "-m",
      "jupyterlab",
      `--ServerApp.root_dir=${isFolder(notebooks) ? notebooks : root}`,
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
  throw usageError("--port", JSON.stringify(text), "1 to 65535");
}

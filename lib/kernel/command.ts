import { parseArgs } from "node:util";
import { GradbookError } from "@gradbook/base";
import type { InstallPlace } from "./install.js";

/** What `--help` prints. @param program as the command is called */
export const usage = (
  program: string,
): string => `${program} --connection-file FILE [--remote] [--javascript | --loose]
  Runs a kernel; Jupyter calls this. --remote lets it listen on addresses other than this machine's own; with
  --javascript types are not checked, with --loose as tslab checks them: without TypeScript's "strict".

${program} install [--user | --prefix DIR | --sys-prefix] [--name NAME]
  Registers the kernel with Jupyter. --user (the default) for this user, --prefix for an environment, --sys-prefix for the
  Python environment that is active. --name: "gradbook" unless given; "tslab" or "jslab" replaces tslab.

${program} list
  The kernels of gradbook's that Jupyter knows, where they are, and which of them can no longer start.

${program} uninstall [--user | --prefix DIR | --sys-prefix] [--name NAME]
  Takes back what install has written there.`;

/**
 * The command `gradbook-kernel`, and `gradbook kernel`.
 * @param program as the command is called, for errors
 * @returns the exit code; a kernel that runs ends the process itself
 */
export async function runKernelCommand(args: readonly string[], program: string): Promise<number> {
  const [action, ...rest] = args;
  if (action === "list") {
    parseArgs({ args: rest, options: {} });
    const { listKernels } = await import("./list.js");
    console.log(listKernels(program));
    return 0;
  }
  if (action === "install" || action === "uninstall") {
    const { name, place } = parseInstall(action, rest);
    const { dataFolderAt, removeKernelSpec, writeKernelSpec } = await import("./install.js");
    const folder = dataFolderAt(place);
    if (action === "install") console.log(`Kernel "${name}" installed in ${writeKernelSpec(folder, name)}`);
    else console.log(`Kernel "${name}" removed from ${removeKernelSpec(folder, name)}`);
    return 0;
  }
  const { values } = parseArgs({
    args: [...args],
    options: {
      "connection-file": { type: "string" },
      remote: { type: "boolean", default: false },
      javascript: { type: "boolean", default: false },
      loose: { type: "boolean", default: false },
    },
  });
  const { "connection-file": connectionFile, remote, javascript, loose } = values;
  if (connectionFile === undefined) {
    throw new GradbookError({
      code: "usage",
      what: "--connection-file",
      got: "missing",
      expected: "the file that Jupyter writes for a kernel",
      cure: `${program} install makes Jupyter start it.`,
    });
  }
  const { runKernel } = await import("./main/main.js");
  const limit = Number(process.env.GRADBOOK_OUTPUT_LIMIT);
  const outputLimit = Number.isFinite(limit) && limit > 0 ? { outputLimit: limit * 1024 * 1024 } : {};
  return runKernel({ connectionFile, remote, javascript, loose, ...outputLimit });
}

function parseInstall(action: string, args: readonly string[]): { name: string; place: InstallPlace } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      user: { type: "boolean", default: false },
      prefix: { type: "string" },
      "sys-prefix": { type: "boolean", default: false },
      name: { type: "string", default: "gradbook" },
    },
  });
  const { user, prefix, "sys-prefix": sysPrefix, name } = values;
  if ([user, prefix !== undefined, sysPrefix].filter(Boolean).length > 1) {
    throw new GradbookError({
      code: "usage",
      what: action,
      got: "two places",
      expected: "one of --user, --prefix, --sys-prefix",
    });
  }
  if (prefix === "") {
    throw new GradbookError({ code: "usage", what: "--prefix", got: '""', expected: "a folder" });
  }
  return { name, place: { sysPrefix, ...(prefix === undefined ? {} : { prefix }) } };
}

import { createRequire } from "node:module";
import { GradbookError, isSystemError, nearestOf, osError, type SystemError } from "@gradbook/base";
import { CellError } from "../notebook/cell-error.js";
import type { Command } from "./command.js";

/** Every command is loaded only when it is called, so that `gradbook --help` is instant. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  check: {
    summary: "will a notebook run from top to bottom and show what you see?",
    load: () => import("./check.js"),
  },
  data: { summary: "fetch MNIST or CIFAR-10, verified", load: () => import("./data.js") },
  doctor: {
    summary: "name the mistake in a hand-written layer, loss or update rule",
    load: () => import("./doctor.js"),
  },
  kernel: {
    summary: "the Jupyter kernel for TypeScript: run it, install it",
    load: () => import("./kernel.js"),
  },
  lab: {
    summary: "open the notebooks in JupyterLab (set up the first time)",
    load: () => import("./lab.js"),
  },
  new: {
    summary: "make a project: a notebook that trains on digits, JupyterLab",
    load: () => import("./new.js"),
  },
  report: { summary: "run notebooks and write their reports", load: () => import("./report.js") },
  run: { summary: "run a notebook top to bottom in a fresh kernel", load: () => import("./run.js") },
  start: { summary: "get MNIST, run hw4, write its report", load: () => import("./start.js") },
  submit: {
    summary: "run a notebook afresh and write the file to hand in",
    load: () => import("./submit.js"),
  },
  sweep: { summary: "run a grid of settings, here or on a cluster", load: () => import("./sweep.js") },
};

/** Runs `gradbook ARGS…`; errors in our grammar are printed as one sentence, others with their stack. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  // a kernel's own output goes to the notebook, and its streams belong to the cells
  if (name !== "kernel") watchOutput();
  if (name === "--version" || name === "-V") {
    console.log(version);
    return 0;
  }
  if (name === "help" && rest.length > 0) return runCommand([...rest.slice(0, 1), "--help"]);
  if (name === undefined || name === "--help" || name === "-h" || name === "help") return printHelp();
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry === undefined) {
    const known = Object.keys(commands);
    const near = nearestOf(name, known);
    console.error(
      `gradbook: unknown command "${name}", expected one of ${known.join(", ")}. ${near === undefined ? "See gradbook --help." : `Did you mean gradbook ${near}?`}`,
    );
    return 2;
  }
  let usage = "";
  let usageExitCode: number | undefined;
  try {
    const { command } = await entry.load();
    usage = command.usage;
    usageExitCode = command.usageExitCode;
    if (rest.includes("--help") || rest.includes("-h")) {
      console.log(usage);
      return 0;
    }
    // throws where the current folder has been deleted: there Node's mkdir of a relative path never ends
    process.cwd();
    // a file larger than the shell's limit (ulimit -f) is an error like a full disk, not the end of the process
    process.on("SIGXFSZ", ignore);
    return await command.run(rest);
  } catch (error) {
    const exitCode = printFailure(name, usage, inOurWords(error));
    const isUsage = isUsageError(error) || (error instanceof GradbookError && error.code === "usage");
    return isUsage ? (usageExitCode ?? exitCode) : exitCode;
  } finally {
    process.off("SIGXFSZ", ignore);
  }
}

/** Of the package that this code lies in: all of gradbook's have the same. */
const { version }: { version: string } = createRequire(import.meta.url)("@gradbook/tools/package.json");

function ignore(): void {}

function printFailure(name: string, usage: string, error: unknown): number {
  // a function of the command's own name has named it already
  if (error instanceof GradbookError)
    console.error(`gradbook ${error.message.startsWith(`${name}:`) ? "" : `${name}: `}${error.message}`);
  else if (isUsageError(error)) console.error(`gradbook ${name}: ${error.message}\n\n${usage}`);
  else console.error(error);
  if (error instanceof CellError) console.error(`\n${error.report()}`);
  return isUsageError(error) ? 2 : 1;
}

/** What the operating system said anywhere below, and nobody has put into words yet. */
function inOurWords(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const { code, syscall, path } = error;
  if (code === "ENOENT" && syscall === "uv_cwd") {
    return translated(error, "the current folder", "it has been deleted", "Change to another one.");
  }
  if (syscall === "uv_os_homedir") {
    return translated(
      error,
      "the home folder",
      "this user has none",
      "Set the variable HOME, or choose a location.",
    );
  }
  if (syscall.startsWith("spawn")) {
    const program = path ?? syscall.slice("spawn ".length);
    if (code === "ENOENT")
      return translated(error, program, "there is no such program", "Is it installed, and on PATH?");
    return translated(error, program, `it cannot be started (${code})`);
  }
  if (path !== undefined) return osError(error, { path, doing: isReading(syscall) ? "read" : "write" });
  return translated(error, syscall, `the operating system refuses it (${error.message})`);
}

function isReading(syscall: string): boolean {
  return ["access", "lstat", "open", "opendir", "read", "readlink", "realpath", "scandir", "stat"].includes(
    syscall,
  );
}

function translated(cause: SystemError, what: string, got: string, cure?: string): GradbookError {
  return new GradbookError({ code: "system", what, got, cure }, { cause });
}

/** Whoever reads the output may stop reading (`gradbook … | head`), or the disk that it goes to may be full. */
function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount("error") > 0) continue;
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
      process.exitCode = 1;
      if (stream === process.stdout)
        console.error(`gradbook: standard output: it cannot be written (${error.code}).`);
    });
  }
}

function printHelp(): number {
  console.log("gradbook COMMAND [options]\n");
  for (const [name, { summary }] of Object.entries(commands)) console.log(`  ${name.padEnd(10)} ${summary}`);
  console.log("\ngradbook help COMMAND describes a command; gradbook --version says which version this is.");
  return 0;
}

/** What `util.parseArgs` throws for an option that a command does not have. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

import { GradbookError } from "../errors/error.js";
import { CellError } from "../notebook/cell-error.js";
import type { Command } from "./command.js";

/** Every command is loaded only when it is called, so that `gradbook --help` is instant. */
const commands: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  data: () => import("./data.js"),
  doctor: () => import("./doctor.js"),
  kernel: () => import("./kernel.js"),
  lab: () => import("./lab.js"),
  report: () => import("./report.js"),
  run: () => import("./run.js"),
  start: () => import("./start.js"),
  submit: () => import("./submit.js"),
  sweep: () => import("./sweep.js"),
  test: () => import("./test.js"),
};

/** Runs `gradbook ARGS…`; errors in our grammar are printed as one sentence, others with their stack. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h") return printHelp();
  const load = commands[name];
  if (load === undefined) {
    console.error(
      `gradbook: unknown command "${name}", expected one of ${Object.keys(commands).join(", ")}. See gradbook --help.`,
    );
    return 2;
  }
  const { command } = await load();
  if (rest.includes("--help") || rest.includes("-h")) {
    console.log(command.usage);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (error instanceof GradbookError) console.error(`gradbook ${name}: ${error.message}`);
    else if (isUsageError(error)) console.error(`gradbook ${name}: ${error.message}\n\n${command.usage}`);
    else console.error(error);
    if (error instanceof CellError) console.error(`\n${error.report()}`);
    return isUsageError(error) ? 2 : 1;
  }
}

async function printHelp(): Promise<number> {
  console.log("gradbook COMMAND [options]\n");
  for (const load of Object.values(commands)) {
    const { command } = await load();
    console.log(`  ${command.name.padEnd(10)} ${command.summary}`);
  }
  console.log("\ngradbook COMMAND --help explains one.");
  return 0;
}

/** What `util.parseArgs` throws for an option that a command does not have. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

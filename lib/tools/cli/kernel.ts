import { runKernelCommand, usage } from "@gradbook/kernel/internal";
import type { Command } from "./command.js";

const program = "gradbook kernel";

export const command: Command = {
  usage: usage(program),
  run: (args) => runKernelCommand(args, program),
};

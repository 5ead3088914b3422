import { runKernelCommand, usage } from "../kernel/command.js";
import type { Command } from "./command.js";

const program = "gradbook kernel";

export const command: Command = {
  name: "kernel",
  summary: "the Jupyter kernel for TypeScript: run it, install it",
  usage: usage(program),
  run: (args) => runKernelCommand(args, program),
};

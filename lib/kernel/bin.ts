#!/usr/bin/env node
// The command `gradbook-kernel`.
import { GradbookError } from "@gradbook/base";
import { runKernelCommand, usage } from "./command.js";

const program = "gradbook-kernel";
const args = process.argv.slice(2);

try {
  if (args.includes("--help") || args.includes("-h")) console.log(usage(program));
  else process.exitCode = await runKernelCommand(args, program);
} catch (error) {
  const unknownOption =
    error instanceof Error && "code" in error && /^ERR_PARSE_ARGS/.test(String(error.code));
  if (unknownOption) console.error(`${program}: ${error.message}\n\n${usage(program)}`);
  else if (error instanceof GradbookError) console.error(`${program}: ${error.message}`);
  else throw error;
  process.exitCode = unknownOption ? 2 : 1;
}

#!/usr/bin/env node
// The `gradbook` command: a launcher that stands in the repository, so that npm can link it before anything is built.
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("gradbook: the package is not built yet. `npm run build` in the project's root builds it.");
  process.exit(1);
}
const { runCommand } = await import(main.href);
process.exitCode = await runCommand(process.argv.slice(2));

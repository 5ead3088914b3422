#!/usr/bin/env node
// The `gradbook` command: a launcher that stands in the repository, so that npm can link it before anything is built.
import { existsSync } from "node:fs";

const main = new URL("../dist/cli/main.js", import.meta.url);
if (!existsSync(main)) {
  console.error("gradbook: the package is not built yet. `npm run build` in the project's root builds it.");
  process.exit(1);
}
try {
  const { runCommand } = await import(main.href);
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  // not even the command's own code could be read: nothing else is there to say it
  if (error?.code !== "EMFILE" && error?.code !== "ENFILE") throw error;
  console.error("gradbook: too many files are open. Raise the limit of this shell (ulimit -n 4096).");
  process.exitCode = 1;
}

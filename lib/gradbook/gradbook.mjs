#!/usr/bin/env node
// The `gradbook` command: a launcher that stands in the repository, so that npm can link it before anything is built.
try {
  const { runCommand } = await import("@gradbook/tools/cli");
  process.exitCode = await runCommand(process.argv.slice(2));
} catch (error) {
  const { code } = Object(error);
  if (code === "ERR_MODULE_NOT_FOUND" && /@gradbook|[\\/]cli[\\/]main\.js/.test(error.message)) {
    console.error("gradbook: the package is not built yet. `npm run build` in the project's root builds it.");
  } else if (code === "EMFILE" || code === "ENFILE") {
    // not even the command's own code could be read: nothing else is there to say it
    console.error("gradbook: too many files are open. Raise the limit of this shell (ulimit -n 4096).");
  } else throw error;
  process.exitCode = 1;
}

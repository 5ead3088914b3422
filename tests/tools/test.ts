import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Progress } from "#tools/cli/progress.js";
import { TestLog } from "./test-log.js";

/** A file that takes longer hangs. */
const FILE_MINUTES = 20;

const usage = `npm test -- [PART…]

Lints, checks the types and runs the tests: those in lib/ beside their sources, then those in tests/.

  PART   only the test files whose path contains one of these words: npm test -- notebook kernel/

The log of all tests is .cache/test.log.`;

/** The repository: this file runs as tests/dist/tools/test.js. */
const root = fileURLToPath(new URL("../../..", import.meta.url));

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { help: { type: "boolean", short: "h", default: false } },
});
process.exitCode = values.help ? printUsage() : await test(positionals);

function printUsage(): number {
  console.log(usage);
  return 0;
}

/** @returns the exit code */
async function test(parts: readonly string[]): Promise<number> {
  const files = findTests(parts);
  if (files.length === 0) {
    console.error(`npm test: no test file's path contains ${parts.join(" or ")}.`);
    return 2;
  }
  const clean = parts.length > 0 || checks();
  const log = await runTests(files);
  const path = join(root, ".cache/test.log");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${log.lines.join("\n")}\n`);
  for (const { name, file, text } of log.failures)
    console.log(`\nFAILED ${name}\n  ${relative(root, file)}\n\n${text}`);
  const open = relative(process.cwd(), path);
  if (log.failures.length > 0) console.log(`\n${log.failures.length} failed. Open ${open}`);
  else console.log(`gradbook · ${log.tests} tests in ${files.length} files passed. The log: ${open}`);
  if (!clean) console.log("gradbook · Lint or types failed: see above");
  for (const count of log.counts) console.log(`# ${count}`);
  return clean && log.passed ? 0 : 1;
}

/** Lint and types; both are run, so that one call shows all that there is to repair. */
function checks(): boolean {
  const tools = [
    ["Lint", "@biomejs/biome/bin/biome", "check", "--error-on-warnings"],
    ["Types", "typescript/bin/tsc", "-b"],
  ] as const;
  const failed = tools.filter(([title, tool, ...args]) => {
    const started = performance.now();
    const script = join(root, "node_modules", tool);
    const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: "inherit" });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`gradbook · ${title}: ${status === 0 ? "clean" : "FAILED"} (${seconds} s)`);
    return status !== 0;
  });
  return failed.length === 0;
}

async function runTests(files: readonly string[]): Promise<TestLog> {
  const log = new TestLog();
  const bar = new Progress({ label: "tests", unit: "files" });
  const stream = run({
    files: [...files],
    concurrency: availableParallelism(),
    timeout: FILE_MINUTES * 60_000,
  });
  for await (const event of stream) {
    log.accept(event);
    const file = event.data !== undefined && "file" in event.data ? event.data.file : undefined;
    const at =
      file === undefined
        ? ""
        : relative(root, file)
            .replace(/dist\//, "")
            .replace(/\.test\.js$/, "");
    bar.update(
      log.files,
      files.length,
      `${log.tests} tests${log.failures.length > 0 ? `, ${log.failures.length} failed` : ""}  ${at}`,
    );
  }
  bar.end();
  return log;
}

/** Those that cross rooms first: they take longest, and two run side by side. */
function findTests(parts: readonly string[]): readonly string[] {
  const packages = readdirSync(join(root, "lib")).sort();
  const folders = ["tests/dist", ...packages.map((name) => `lib/${name}/dist`)].map((name) =>
    join(root, name),
  );
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true })
        .map((name) => join(folder, String(name)))
        .filter((file) => file.endsWith(".test.js"))
        .sort(),
    )
    .filter((file) => parts.length === 0 || parts.some((part) => relative(root, file).includes(part)));
}

import { basename, dirname, join, relative } from "node:path";
import { parseArgs } from "node:util";
import { assertWritableFile, type Json, removeDeadDrafts, usageError } from "@gradbook/base";
import { readNotebook } from "@gradbook/kernel/internal";
import { assertOwnNotebook } from "../notebook/own-notebook.js";
import { runNotebook } from "../notebook/run.js";
import { needsStandIn, runVariables } from "../report/variables.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { parseData, parseOut, parseScale, parseStandIn, standInWords } from "./report.js";
import { runProgress } from "./run-progress.js";

export const command: Command = {
  usage: `gradbook run NOTEBOOK [options]

Runs the notebook in its own folder and writes the executed copy; the notebook itself is not changed, and neither is a file
that is not an executed copy, or one that you have edited. A cell that fails ends the run: exit code 1, the cell's source,
its error, and no file.

  --out FILE           the executed notebook (default NOTEBOOK.executed.ipynb, beside it)
  --scale quick|full   GRADBOOK_SCALE for the notebook (default: as in the environment)
  --data DIR           GRADBOOK_DATA for the notebook: your own copy of the data set's files
  --stand-in           where MNIST is missing, continue with held-out training images in place of the test images
  --timeout SECONDS    limit for one cell (default: none)
  --kernel NAME        default: the kernel that the notebook names
  --allow-errors       go on after a cell that fails, and write its error into the file
  --keep-partial       write the file also when the run ends early
  -p NAME=VALUE        a parameter, set after the cell tagged "parameters": -p epochs=3 -p config.scale=full`,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        scale: { type: "string" },
        data: { type: "string" },
        "stand-in": { type: "boolean", default: false },
        timeout: { type: "string" },
        kernel: { type: "string" },
        "allow-errors": { type: "boolean" },
        "keep-partial": { type: "boolean" },
        parameter: { type: "string", short: "p", multiple: true },
      },
    });
    const path = parsePath(positionals);
    const name = basename(path, ".ipynb");
    const out = parseOut(values.out) ?? join(dirname(path), `${name}.executed.ipynb`);
    const data = parseData(values.data);
    const allowed = parseStandIn(values["stand-in"]);
    const timeoutSeconds = parseTimeout(values.timeout);
    const parameters = parseParameters(values.parameter ?? []);
    const scale = values.scale === undefined ? undefined : parseScale(values.scale);
    await readNotebook(path);
    const standIn = allowed && needsStandIn(path, data);
    assertWritableFile(out);
    assertOwnNotebook(out, "--out FILE");
    removeDeadDrafts(dirname(out));
    const bar = runProgress(name);
    try {
      const { failures, cells, seconds } = await interruptible((signal) =>
        runNotebook(path, {
          out,
          env: runVariables({
            standIn,
            scale,
            data,
          }),
          parameters,
          allowErrors: values["allow-errors"] === true,
          keepPartial: values["keep-partial"] === true,
          onProgress: bar.update,
          signal,
          timeoutSeconds,
          kernel: values.kernel,
        }),
      );
      bar.end();
      for (const failure of failures) console.error(`${failure.message}\n${failure.report()}\n`);
      const failed = failures.length === 0 ? "" : `, ${failures.length} failed`;
      console.log(`${cells} cells in ${seconds.toFixed(1)} s${failed}. Open ${relative(process.cwd(), out)}`);
      if (standIn) console.log(standInWords);
      return 0;
    } finally {
      bar.end();
    }
  },
};

function parsePath(positionals: readonly string[]): string {
  const [path, ...more] = positionals;
  if (path !== undefined && more.length === 0) return path;
  const got = path === undefined ? "no notebook given" : `${positionals.length} notebooks given`;
  throw usageError("NOTEBOOK", got, "one", "See gradbook run --help.");
}

function parseTimeout(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (seconds > 0) return seconds;
  throw usageError("--timeout", JSON.stringify(text), "seconds");
}

/** `name=value`: a value that is JSON is taken as such (3, true, [1, 2]), every other one is text. */
export function parseParameters(words: readonly string[]): Readonly<Record<string, Json>> {
  const entries = words.map((word): [string, Json] => {
    const cut = word.indexOf("=");
    if (cut < 1) {
      throw usageError("-p", JSON.stringify(word), "NAME=VALUE");
    }
    return [word.slice(0, cut), parseValue(word.slice(cut + 1))];
  });
  return Object.fromEntries(entries);
}

function parseValue(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

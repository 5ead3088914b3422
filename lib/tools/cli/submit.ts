import { relative } from "node:path";
import { parseArgs } from "node:util";
import { type GradbookError, usageError } from "@gradbook/base";
import { findingInWords } from "../homework/check.js";
import { submit } from "../homework/submit.js";
import { locateNotebook } from "../report/place.js";
import { needsStandIn } from "../report/variables.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { parseData, parseOut, parseScale, parseStandIn, standInWords } from "./report.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook submit NAME --roll ROLL [options]

Runs notebooks/NAME.ipynb from top to bottom in a fresh kernel and writes the file to hand in, with all outputs, as
ROLL-NAME.ipynb in lower case. Nothing is written when a cell fails, or when the notebook holds absolute paths or the
data set's images. What the saved file hides (cells of another order, a name of a deleted cell) is said; the file handed in is
that of the fresh run. NAME may also be the path of an .ipynb file.

  --roll ROLL          your roll number, e.g. CS21B001, CS-21-B-001 or 2018000001
  --out DIR            where the file goes (default: this folder)
  --scale quick|full   how large the runs are (default quick)
  --data DIR           your own copy of the data set's files (default: data/)
  --stand-in           where MNIST is missing, continue with held-out training images in place of the test images
  --large              hand in more than 10 MB
  --force              overwrite an earlier submission, as gradbook wrote it`;

export const command: Command = {
  usage,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        roll: { type: "string" },
        out: { type: "string" },
        scale: { type: "string" },
        data: { type: "string" },
        "stand-in": { type: "boolean", default: false },
        large: { type: "boolean", default: false },
        force: { type: "boolean" },
      },
    });
    const [name, ...more] = positionals;
    if (name === undefined || more.length > 0) throw missing("one notebook's name", positionals);
    if (values.roll === undefined) throw missing("--roll with your roll number", positionals);
    const data = parseData(values.data);
    const allowed = parseStandIn(values["stand-in"]);
    const { notebook, name: shown } = locateNotebook(name);
    const standIn = allowed && needsStandIn(notebook, data);
    const bar = runProgress(shown);
    try {
      const options = {
        notebook,
        roll: values.roll,
        out: parseOut(values.out) ?? ".",
        standIn,
        scale: parseScale(values.scale),
        large: values.large,
        force: values.force ?? false,
        onProgress: bar.update,
        data,
      };
      const { file, bytes, digest, runs, seconds, hidden } = await interruptible((signal) =>
        submit({ ...options, signal }),
      );
      bar.end();
      console.log(
        `${relative(process.cwd(), file)}: ${(bytes / 1e6).toFixed(2)} MB, run in ${seconds.toFixed(0)} s`,
      );
      for (const finding of hidden) console.log(`note    ${findingInWords(notebook, finding)}`);
      console.log(`SHA-256 ${digest}`);
      if (runs !== null) console.log(`runs    ${runs}`);
      if (standIn) console.log(standInWords);
      return 0;
    } finally {
      bar.end();
    }
  },
};

function missing(expected: string, got: readonly string[]): GradbookError {
  return usageError(
    "NAME --roll ROLL",
    got.length === 0 ? "missing" : got.join(" "),
    expected,
    "gradbook submit hw4 --roll CS21B001",
  );
}

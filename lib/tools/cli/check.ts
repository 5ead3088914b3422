import { parseArgs } from "node:util";
import { GradbookError, usageError } from "@gradbook/base";
import { checkNotebook, findingInWords } from "../homework/check.js";
import { locateNotebook, notebookNames } from "../report/place.js";
import { needsStandIn } from "../report/variables.js";
import type { Command } from "./command.js";
import { interruptible } from "./interruptible.js";
import { parseData, parseScale, parseStandIn } from "./report.js";
import { runProgress } from "./run-progress.js";

const usage = `gradbook check [NAME] [options]

Says before you hand a notebook in whether it will run from top to bottom and show what you see: names of deleted cells,
cells that ran in another order or saw another definition, values changed twice, absolute paths; then a run in a fresh
kernel. Each finding names its cell and what to do. Nothing is written, as often as you like. NAME may also be the path
of an .ipynb file; where the project has one notebook, it is that.

  --no-run             look at the saved file only, in a second
  --scale quick|full   how large the runs are (default quick)
  --data DIR           your own copy of the data set's files (default: data/)
  --stand-in           where MNIST is missing, continue with held-out training images in place of the test images

Exit code: 0 nothing to say, 1 a finding, 2 it could not be told.`;

export const command: Command = {
  usage,
  usageExitCode: 2,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        "no-run": { type: "boolean", default: false },
        scale: { type: "string" },
        data: { type: "string" },
        "stand-in": { type: "boolean", default: false },
      },
    });
    const names = positionals.length > 0 ? positionals : notebookNames();
    if (names.length !== 1)
      throw usageError(
        "NAME",
        positionals.length > 1 ? positionals.join(" ") : `${names.length} notebooks in the project`,
        "one notebook",
        "gradbook check hw4",
      );
    const [scale, data] = [parseScale(values.scale), parseData(values.data)];
    const allowed = parseStandIn(values["stand-in"]);
    const bar = runProgress(names[0]);
    try {
      const { notebook, name } = locateNotebook(names[0]);
      const standIn = allowed && needsStandIn(notebook, data);
      const options = { notebook, scale, data, standIn, run: !values["no-run"], onProgress: bar.update };
      const { saved, fresh } = await interruptible((signal) => checkNotebook({ ...options, signal }));
      bar.end();
      const findings = [...saved, ...(fresh ?? [])];
      for (const finding of findings) console.log(findingInWords(notebook, finding));
      if (findings.length > 0) return 1;
      console.log(
        fresh === undefined
          ? `${name}: the saved file hides nothing. gradbook check ${name} runs it afresh, too.`
          : `${name}: it runs from top to bottom, and the saved file hides nothing.`,
      );
      return 0;
    } catch (error) {
      if (!(error instanceof GradbookError)) throw error;
      // 1 is a finding about the notebook; this is none
      bar.end();
      console.error(`gradbook check: ${error.message}`);
      return 2;
    } finally {
      bar.end();
    }
  },
};

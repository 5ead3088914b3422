import { parseArgs } from "node:util";
import { GradbookError, usageError } from "@gradbook/base";
import type { Command } from "./command.js";

const exitCodes = { correct: 0, wrong: 1, unsure: 2 } as const;
/** EX_USAGE of sysexits.h: no verdict. */
const usageExitCode = 64;

/** `gradbook doctor FILE`: names the mistake in a hand-written forward or backward pass. */
export const command: Command = {
  usage: `gradbook doctor FILE [--export NAME] [--json]

Examines what a .ts, .js or .mjs file exports: pairs of functions (conv2d_forward, conv2d_backward), classes with
forward and backward (Conv2D, MaxPool2D, AvgPool2D, Linear, BatchNorm1D, BatchNorm2D, ReLU, LeakyReLU, Sigmoid, Tanh,
Dropout), losses (softmaxCrossEntropy, euclideanLoss), update rules (sgdMomentumStep, rmspropStep, adamStep), im2col
and col2im. The file runs in a process of its own that only answers calls; the verdict is made in another.

  --export NAME   examine this export only
  --json          print a record instead of text: "verdict", "findings", "checked" and "examinations", as
                  @gradbook/doctor/diagnosis.schema.json describes it

Exit code: 0 correct, 1 wrong, 2 unsure; 64 when the command itself is called wrongly.`,
  usageExitCode,
  async run(args) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { export: { type: "string" }, json: { type: "boolean", default: false } },
    });
    if (positionals.length !== 1) {
      throw usageError(
        "FILE",
        positionals.length === 0 ? "none given" : `${positionals.length} given`,
        "one file",
        "gradbook doctor my-conv.ts",
      );
    }
    const { examineFile } = await import("@gradbook/doctor/internal");
    try {
      const diagnosis = await examineFile(
        positionals[0],
        values.export === undefined ? {} : { export: values.export },
      );
      console.log(values.json ? JSON.stringify(diagnosis) : String(diagnosis));
      return exitCodes[diagnosis.verdict];
    } catch (error) {
      // 1 would say that the code is wrong
      if (!(error instanceof GradbookError)) throw error;
      console.error(`gradbook doctor: ${error.message}`);
      if (values.json) console.log(JSON.stringify(nothingExamined(`not checked: ${error.message}`)));
      return exitCodes.unsure;
    }
  },
};

/** The record when there is no file to examine. */
function nothingExamined(why: string): object {
  return { schema: 1, verdict: "unsure", findings: [], checked: [why], others: [], examinations: [] };
}

import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { dataError } from "@gradbook/base";
import { Diagnosis } from "../diagnosis.js";
import type { Examination } from "../types.js";
import { type Message, messageChannel } from "./messages.js";

export interface ExamineFileOptions {
  /** Examine this export only. Default: all that look like an operation. */
  readonly export?: string;
  /** Milliseconds of computing (not of waiting) within one call after which it counts as endless. Default 6000. */
  readonly timeoutMs?: number;
}

/**
 * Examines a file from outside: its code runs in a process of its own and only answers calls; the verdict is made in another.
 * What never ends, ends its process or runs out of memory is a finding.
 * @throws GradbookError when there is no such file
 */
export async function examineFile(file: string, options: ExamineFileOptions = {}): Promise<Diagnosis> {
  const got = !existsSync(file)
    ? "no such file"
    : statSync(file).isDirectory()
      ? "a folder"
      : /\.[cm]?[jt]sx?$/.test(file)
        ? undefined
        : `a file ${extname(file) === "" ? "without an ending" : extname(file)}`;
  if (got !== undefined) throw dataError(file, got, "a .ts, .js or .mjs file");
  const done = new Map<string, Examination>();
  let others: readonly string[] = [];
  for (;;) {
    const round = await run(file, options, [...done.keys()]);
    for (const e of round.examined) done.set(e.subject, e);
    others = round.others;
    if (round.failed !== undefined) {
      const checked = [`not checked: ${round.failed}`];
      return new Diagnosis(
        [
          ...done.values(),
          {
            subject: options.export ?? file,
            kind: "unknown",
            verdict: "unsure",
            findings: [],
            checked,
            conventions: [],
          },
        ],
        others,
      );
    }
    if (round.broken === undefined) break;
    done.set(round.broken.subject, round.broken);
  }
  if (done.size > 0) return new Diagnosis([...done.values()], others);
  const exported = others.length === 0 ? "it exports nothing" : `it exports ${others.join(", ")}`;
  const checked = [
    `not checked: nothing in the file looks like a layer, a loss or an update rule: ${exported}. Export functions such as conv2d_forward and conv2d_backward, or a class with forward and backward.`,
  ];
  return new Diagnosis(
    [{ subject: file, kind: "unknown", verdict: "unsure", findings: [], checked, conventions: [] }],
    others,
  );
}

interface Round {
  readonly examined: Examination[];
  others: readonly string[];
  failed?: string;
  /** The subject during whose examination the process with the code was lost. */
  broken?: Examination;
}

/** One examining process, until it is done, or has lost the one with the code. */
function run(
  file: string,
  { export: only = "", timeoutMs = 6000 }: ExamineFileOptions,
  skipped: readonly string[],
): Promise<Round> {
  const judge = fileURLToPath(new URL("./judge.js", import.meta.url));
  const examining = spawn(process.execPath, [judge, file, only, String(timeoutMs), ...skipped], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  const round: Round = { examined: [], others: [] };
  let subject = "";
  let finished = false;
  let errors = "";
  return new Promise((settle, fail) => {
    examining.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    const channel = examining.stdio[messageChannel] as Readable;
    createInterface({ input: channel }).on("line", (line) => {
      const message = JSON.parse(line) as Message;
      if (message.type === "subject") subject = message.name;
      else if (message.type === "subjects") round.others = message.others;
      else if (message.type === "examined") round.examined.push(message.examination);
      else {
        finished = true;
        if (message.type === "lost") round.broken = message.examination;
        if (message.type === "failed") round.failed = `${message.reason.replace(/\.$/, "")}. ${message.cure}`;
      }
    });
    examining.on("error", fail);
    examining.on("close", (code, signal) => {
      if (!finished && subject !== "") round.broken = endedEarly(subject, `${signal ?? `exit code ${code}`}`);
      else if (!finished)
        round.failed = `the examining process ended early: ${errors.trim() || `exit code ${code ?? signal}`}. Try again.`;
      settle(round);
    });
  });
}

/** The doctor's own process was lost, not the one with the code: nobody is blamed. */
function endedEarly(subject: string, how: string): Examination {
  const checked = [
    `not checked: the examination of ${subject} ended early (${how}). Try again with --export ${subject.split(", ")[0]}.`,
  ];
  return { subject, kind: "unknown", verdict: "unsure", findings: [], checked, conventions: [] };
}

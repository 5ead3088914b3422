import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { dataError } from "@gradbook/base";
import { Diagnosis } from "../diagnosis.js";
import { judging } from "../judging/trial.js";
import type { Examination, Finding } from "../types.js";
import { type Message, messageChannel } from "./messages.js";

export interface ExamineFileOptions {
  /** Examine this export only. Default: all that look like an operation. */
  readonly export?: string;
  /** Milliseconds without a sign of life after which a call counts as endless. Default 6000. */
  readonly timeoutMs?: number;
}

/**
 * Examines a file in a process of its own. What never ends, ends the process or runs out of memory is a finding.
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
  /** The subject during whose examination the process was lost. */
  broken?: Examination;
}

/** One process, until it is done or lost. */
function run(
  file: string,
  { export: only = "", timeoutMs = 6000 }: ExamineFileOptions,
  skipped: readonly string[],
): Promise<Round> {
  const child = spawn(
    process.execPath,
    [
      "--enable-source-maps",
      "--max-old-space-size=512",
      fileURLToPath(new URL("./child.js", import.meta.url)),
      file,
      only,
      ...skipped,
    ],
    { stdio: ["ignore", "ignore", "pipe", "pipe"] },
  );
  const round: Round = { examined: [], others: [] };
  let phase = { subject: file, phase: "load", where: "" };
  let finished = false;
  let started = false;
  let silent = false;
  let errors = "";
  return new Promise((settle, fail) => {
    let timer: NodeJS.Timeout;
    const wait = () => {
      clearTimeout(timer);
      // the examined code is not blamed for the doctor's own thinking on a busy machine
      const slack = { [judging]: 10, load: 3 }[phase.phase] ?? 1;
      const time = slack * timeoutMs;
      timer = setTimeout(() => {
        silent = true;
        child.kill("SIGKILL");
      }, time);
    };
    wait();
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    const channel = child.stdio[messageChannel] as Readable;
    createInterface({ input: channel }).on("line", (line) => {
      started = true;
      const message = JSON.parse(line) as Message;
      if (message.type === "phase") phase = message;
      wait();
      if (message.type === "phase") return;
      if (message.type === "subjects") round.others = message.others;
      else if (message.type === "examined") round.examined.push(message.examination);
      else if (message.type === "failed") {
        round.failed = `${message.reason.replace(/\.$/, "")}. ${message.cure}`;
        finished = true;
      } else finished = true;
    });
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (!started) {
        fail(
          new Error(`the examining process did not start: ${errors.trim() || `exit code ${code ?? signal}`}`),
        );
        return;
      }
      if (!finished) lost(round, phase, silent, code, signal, errors);
      settle(round);
    });
  });
}

/** The process was lost: what it was doing says whose fault that is. */
function lost(
  round: Round,
  { subject, phase, where }: { subject: string; phase: string; where: string },
  silent: boolean,
  code: number | null,
  signal: string | null,
  errors: string,
): void {
  const memory = /heap out of memory|allocation failed/i.test(errors);
  const words = silent
    ? "never ends (an endless loop, or far too slow)"
    : memory
      ? "uses up all memory"
      : code === null
        ? `is killed (${signal})`
        : `ends the whole process (exit code ${code})`;
  if (phase === "load") {
    round.failed = `loading the file ${words}. Let the file only define and export; run nothing.`;
    return;
  }
  if (phase === judging) {
    round.broken = {
      subject,
      kind: "unknown",
      verdict: "unsure",
      findings: [],
      checked: [
        `not checked: the examination of ${subject} ${words}. Try again with --export ${subject.split(", ")[0]}.`,
      ],
      conventions: [],
    };
    return;
  }
  const side = phase === "backward" ? "backward" : phase === "first call" ? "forward" : phase;
  const finding: Finding = {
    id: silent ? "endless" : memory ? "memory" : "exit",
    tensor: side === "backward" ? "dx" : "y",
    mistake: `${side} ${words}`,
    where: `${side}${where === "" ? "" : `, ${where}`}`,
    cure: silent
      ? "Look at the conditions of its loops: does the counter move towards its end in every round?"
      : memory
        ? "Look at what grows in its loops."
        : "Throw an error instead of ending the process.",
    axes: [],
  };
  round.broken = {
    subject,
    kind: "unknown",
    verdict: "wrong",
    findings: [finding],
    checked: [],
    conventions: [],
  };
}

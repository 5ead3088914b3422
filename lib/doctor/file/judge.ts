// Runs in a process of its own: examines what a file exports, through stubs. The code itself runs in yet another process.
import { writeSync } from "node:fs";
import { parse } from "node:path";
import { GradbookError } from "@gradbook/base";
import { examine } from "../examine.js";
import { asOwnInterface } from "../reading/own-interfaces.js";
import { recognise, type Subject } from "../reading/recognise.js";
import { bundleFile } from "./bundle-file.js";
import { LoadError } from "./import-file.js";
import { lostExamination, wordsOfLoss } from "./lost.js";
import { type Message, messageChannel } from "./messages.js";
import { Outside } from "./outside.js";

const [file, only, cpuMs, ...skipped] = process.argv.slice(2);

let phase = { subject: "", phase: "load", where: "" };

function tell(message: Message): void {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) at += writeSync(messageChannel, bytes, at);
}

const outside = new Outside(Number(cpuMs), (loss) => {
  const { subject, phase: during, where } = phase;
  if (during === "load") {
    const reason = `loading the file ${wordsOfLoss(loss)}`;
    tell({ type: "failed", reason, cure: "Let the file only define and export; run nothing." });
  } else tell({ type: "lost", examination: lostExamination(subject, during, where, loss) });
  finish();
});

function finish(): never {
  outside.end();
  process.exit(0);
}

async function main(): Promise<void> {
  const code = await bundleFile(file);
  let exported: Record<string, unknown>;
  try {
    exported = outside.load(code.path);
  } finally {
    code.remove();
  }
  const { subjects, others } = subjectsIn(exported);
  const chosen = only === "" ? subjects : subjects.filter(({ name }) => name.split(", ").includes(only));
  if (only !== "" && chosen.length === 0) {
    const reason =
      only in exported
        ? `${only} does not look like a layer, a loss or an update rule.`
        : `the file has no export ${only}; it has ${Object.keys(exported).join(", ") || "none"}.`;
    tell({ type: "failed", reason, cure: "Name one of its exports." });
    return;
  }
  tell({ type: "subjects", names: chosen.map((s) => s.name), others });
  for (const subject of chosen) {
    if (skipped.includes(subject.name)) continue;
    phase = { subject: subject.name, phase: "first call", where: "" };
    tell({ type: "subject", name: subject.name });
    const examination = examine(subject, (now, where) => {
      phase = { subject: subject.name, phase: now, where };
    });
    tell({ type: "examined", examination });
  }
  tell({ type: "done" });
}

function subjectsIn(exported: Record<string, unknown>): { subjects: Subject[]; others: string[] } {
  const own: Subject[] = [];
  const rest: Record<string, unknown> = {};
  const unreadable: string[] = [];
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== "object" || value === null) {
      rest[name] = value;
      continue;
    }
    // getters are the code's own, and may throw
    try {
      const found = asOwnInterface(value);
      recognise({ [name]: value });
      if (found === undefined) rest[name] = value;
      else own.push({ ...found, name });
    } catch {
      unreadable.push(name);
    }
  }
  const found = recognise(rest, parse(file).name);
  return { subjects: [...own, ...found.subjects], others: [...found.others, ...unreadable] };
}

try {
  await main();
} catch (error) {
  if (error instanceof LoadError)
    tell({ type: "failed", reason: error.message, cure: "Repair it, and run the doctor again." });
  else if (error instanceof GradbookError) {
    const { what, got, cure = "" } = error;
    tell({ type: "failed", reason: `${what}: ${got}.`, cure });
  } else
    tell({
      type: "failed",
      reason: `the doctor itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      cure: "Please report this.",
    });
}
finish();

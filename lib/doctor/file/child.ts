// Runs in a process of its own: loads a file, examines what it exports, and tells each step to the watching process.
import { writeSync } from "node:fs";
import { parse } from "node:path";
import { GradbookError } from "@gradbook/base";
import { examine } from "../examine.js";
import { asOwnInterface } from "../reading/own-interfaces.js";
import { recognise, type Subject } from "../reading/recognise.js";
import { LoadError, loadFile } from "./load.js";
import { type Message, messageChannel } from "./messages.js";

const [file, only, ...skipped] = process.argv.slice(2);

function tell(message: Message): void {
  writeSync(messageChannel, `${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  tell({ type: "phase", subject: file, phase: "load", where: "" });
  const exported = await loadFile(file);
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
    const examination = examine(subject, (phase, where) =>
      tell({ type: "phase", subject: subject.name, phase, where }),
    );
    tell({ type: "examined", examination });
  }
  tell({ type: "done" });
}

function subjectsIn(exported: Record<string, unknown>): { subjects: Subject[]; others: string[] } {
  const own: Subject[] = [];
  const rest: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(exported)) {
    const found = typeof value === "object" && value !== null ? asOwnInterface(value) : undefined;
    if (found === undefined) rest[name] = value;
    else own.push({ ...found, name });
  }
  const found = recognise(rest, parse(file).name);
  return { subjects: [...own, ...found.subjects], others: found.others };
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
process.exit(0);

import { judging } from "../judging/trial.js";
import type { Examination, Finding } from "../types.js";

/** How the process with the examined code was lost. */
export interface Loss {
  readonly how: "endless" | "waits" | "memory" | "exit" | "tampered" | "large" | "killed";
  /** The exit code, or the name of the signal. */
  readonly code: string;
}

export function isBlamed({ how }: Loss): boolean {
  return how === "endless" || how === "memory" || how === "exit";
}

export function wordsOfLoss({ how, code }: Loss): string {
  switch (how) {
    case "endless":
      return "never ends (an endless loop, or far too slow)";
    case "memory":
      return "uses up all memory";
    case "exit":
      return `ends the whole process (exit code ${code})`;
    case "killed":
      return `is killed (${code})`;
    case "waits":
      return "does not come back, and does not compute either: it waits for something";
    case "large":
      return "hands out more data than can be looked at";
    case "tampered":
      return "writes on the line on which the doctor asks its questions: its answers cannot be told from others";
  }
}

const cures: Readonly<Record<Loss["how"], string>> = {
  endless: "Look at the conditions of its loops: does the counter move towards its end in every round?",
  memory: "Look at what grows in its loops.",
  exit: "Throw an error instead of ending the process.",
  killed: "Run it on a machine with more memory, and kill nothing.",
  waits: "Compute with what is handed over, and wait for nothing.",
  large: "Return and keep only what the backward pass needs.",
  tampered: "Use console.log, and leave the other file descriptors alone.",
};

/** What the loss means for the export that was being examined: what it was doing says whose fault that is. */
export function lostExamination(subject: string, phase: string, where: string, loss: Loss): Examination {
  const nothing = { subject, kind: "unknown", findings: [], checked: [], conventions: [] } as const;
  if (phase === judging || !isBlamed(loss)) {
    const what = phase === judging ? `the examination of ${subject}` : subject;
    const checked = [`not checked: ${what} ${wordsOfLoss(loss)}. ${cures[loss.how]}`];
    return { ...nothing, verdict: "unsure", checked };
  }
  const side = phase === "backward" ? "backward" : phase === "first call" ? "forward" : phase;
  const finding: Finding = {
    id: loss.how,
    tensor: side === "backward" ? "dx" : "y",
    mistake: `${side} ${wordsOfLoss(loss)}`,
    where: `${side}${where === "" ? "" : `, ${where}`}`,
    cure: cures[loss.how],
    axes: [],
  };
  return { ...nothing, verdict: "wrong", findings: [finding] };
}

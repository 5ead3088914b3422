import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "@gradbook/base";

/** Descriptors of two one-way lines that block: what the doctor asks, what the code answers. */
export interface Fifos {
  readonly ask: number;
  readonly hear: number;
  /** The other ends, for the process with the code. */
  readonly asked: number;
  readonly answer: number;
}

/** @returns undefined where the system has no such thing (Windows) */
export function openFifos(): Fifos | undefined {
  if (process.platform === "win32") return undefined;
  const folder = temporaryFolder("line");
  try {
    const [questions, answers] = [join(folder, "questions"), join(folder, "answers")];
    if (spawnSync("mkfifo", ["-m", "600", questions, answers]).status !== 0) return undefined;
    const [asked, ask] = bothEnds(questions);
    const [hear, answer] = bothEnds(answers);
    return { ask, hear, asked, answer };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** An end opens at once only when the other one is open. */
function bothEnds(path: string): readonly [read: number, write: number] {
  const both = openSync(path, constants.O_RDWR);
  const ends = [openSync(path, constants.O_RDONLY), openSync(path, constants.O_WRONLY)] as const;
  closeSync(both);
  return ends;
}

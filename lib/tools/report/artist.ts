import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { sha256 } from "@gradbook/base";
import type { Figure } from "@gradbook/core";
import { canonical } from "@gradbook/core/internal";
import type { Provenance } from "../render/svg.js";

/** A figure in all its forms. */
export interface FigureFiles {
  readonly svg: string;
  /** What the pictures do not show. */
  readonly said: readonly string[];
  /** File ending, e.g. `@2x.png`, and bytes. */
  readonly files: readonly (readonly [string, string | Uint8Array])[];
  /** Set when the PDF holds pixels in place of lines and letters, because there are too many of them. */
  readonly paperPng?: Uint8Array;
}

export type Job =
  | { readonly kind: "figure"; readonly figure: Figure; readonly about: Provenance }
  | { readonly kind: "drawing"; readonly svg: string; readonly scale: number };

export type Answer = { readonly result: FigureFiles | Uint8Array } | { readonly error: string };

/** Milliseconds for one picture. Figures of ours take one second, on a slow machine a few. */
const limitMs = 60_000;

/** Figures, in all their forms; a report that is written again and again has fewer. */
const mostRemembered = 200;

/**
 * Draws in a process of its own. A notebook may come from anybody, and some pictures never end, take all memory, or
 * end the process that draws them: then this process is given up, and the report goes on with the next.
 */
export class Artist {
  readonly #milliseconds: number;

  #child: ChildProcess | undefined;

  readonly #drawn = new Map<string, FigureFiles>();

  constructor(milliseconds: number = limitMs) {
    this.#milliseconds = milliseconds;
  }

  /**
   * One that it has drawn before comes from its memory.
   * @throws Error saying why there is no picture
   */
  async figure(figure: Figure, about: Provenance): Promise<FigureFiles> {
    const key = sha256(canonical([figure, about]));
    const known = this.#drawn.get(key);
    if (known !== undefined) return known;
    const result = await this.#do({ kind: "figure", figure, about });
    if (result instanceof Uint8Array) throw new Error("a drawing for a figure");
    for (const oldest of [...this.#drawn.keys()].slice(0, this.#drawn.size - mostRemembered + 1))
      this.#drawn.delete(oldest);
    this.#drawn.set(key, result);
    return result;
  }

  /** An SVG as PNG. @throws Error saying why there is no picture */
  async drawing(svg: string, scale: number): Promise<Uint8Array> {
    const result = await this.#do({ kind: "drawing", svg, scale });
    if (!(result instanceof Uint8Array)) throw new Error("a figure for a drawing");
    return result;
  }

  /** Ends the process. */
  end(): void {
    this.#child?.kill("SIGKILL");
    process.off("exit", this.#endWithUs);
    this.#child = undefined;
  }

  readonly #endWithUs = () => this.end();

  #do(job: Job): Promise<FigureFiles | Uint8Array> {
    if (this.#child === undefined) {
      this.#child = start();
      process.once("exit", this.#endWithUs);
    }
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        child.removeAllListeners();
        finish();
      };
      const giveUp = (why: string) =>
        settle(() => {
          this.end();
          reject(new Error(why));
        });
      const timer = setTimeout(
        () => giveUp(`it is not drawn within ${this.#milliseconds / 1000} s`),
        this.#milliseconds,
      );
      child.once("message", (answer: Answer) =>
        settle(() => ("error" in answer ? reject(new Error(answer.error)) : resolve(answer.result))),
      );
      child.once("error", (error) => giveUp(error.message));
      child.once("exit", (code, signal) =>
        giveUp(`the process that draws it ended (${signal ?? `code ${code}`})`),
      );
      child.send(job);
    });
  }
}

/** Detached, so that a Ctrl-C at the terminal is the report's to handle; it ends with the report's process. */
function start(): ChildProcess {
  const file = fileURLToPath(new URL("./artist-process.js", import.meta.url));
  return fork(file, {
    serialization: "advanced",
    detached: true,
    // The options of the report's process (a script as text, a profile) are not those of this one.
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
}

import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  abortSignal,
  assertWritableFile,
  byName,
  callback,
  type ErrorCode,
  flag,
  type Given,
  GradbookError,
  type Json,
  option,
  options,
  type Parsed,
  type Progress,
  positive,
  text as textOption,
} from "@gradbook/base";
import {
  type Cell,
  type CodeCell,
  cellTags,
  type ErrorOutput,
  type Notebook,
  type Output,
  readNotebook,
  record,
  text,
} from "@gradbook/kernel/internal";
import { CellError, type CellPlace } from "./cell-error.js";
import { type KernelClient, startKernel } from "./kernel-client.js";
import { DEFAULT_KERNEL, type FoundKernel, findKernel } from "./kernels.js";
import { RunOutputs, readError } from "./outputs.js";
import { injectParameters } from "./parameters.js";
import { writeNotebook } from "./write-ipynb.js";

const runOptions = {
  /** Where the executed notebook is written, whole or not at all; never the input. Not given: nowhere. */
  out: textOption().optional(),
  /** Name of the kernel, or how to start one. Not given: the one that the notebook names, else `tslab`, which is our own. */
  kernel: option<string | FoundKernel>("a kernel's name, or how to start one", (v) =>
    typeof v === "string" || Array.isArray(Object(v).argv) ? (v as string | FoundKernel) : undefined,
  ).optional(),
  /**
   * Set in a cell of their own before the notebook's work (see `injectParameters`).
   * @default {}
   */
  parameters: byName<Json>("values by name").or({}),
  /** Added to the environment of the kernel's process, e.g. `{ GRADBOOK_SCALE: "quick" }`. */
  env: byName<string>("texts by name").optional(),
  /** Working directory of the kernel. Not given: the notebook's folder. */
  cwd: textOption().optional(),
  /** Limit for one cell. Not given: none. */
  timeoutSeconds: positive().optional(),
  /**
   * Go on after a cell that fails, and list it in the result.
   * @default false
   */
  allowErrors: flag().or(false),
  /**
   * Write what there is to `out` also when the run ends early.
   * @default false
   */
  keepPartial: flag().or(false),
  /** Called at the start, before each cell, and with what a cell says of its progress. */
  onProgress: callback<(progress: RunProgress) => void>().optional(),
  /** Ends the run, and its kernel, when it is aborted. */
  signal: abortSignal().optional(),
};
/** @interface */
export type RunOptions = Given<typeof runOptions>;

/** Where a run is. `done` counts code cells that are through, `total` those that will run. */
export type RunProgress =
  | { readonly step: "start"; readonly total: number; readonly kernel: string }
  | { readonly step: "cell"; readonly done: number; readonly total: number; readonly cell: CellPlace }
  | {
      readonly step: "inside";
      readonly done: number;
      readonly total: number;
      readonly cell: CellPlace;
      readonly progress: Progress;
    }
  | { readonly step: "end"; readonly total: number; readonly seconds: number };

export interface RunResult {
  /** The executed notebook. */
  readonly notebook: Notebook;
  /** The cells that failed; empty unless `allowErrors` or the tag `raises-exception` let them. */
  readonly failures: readonly CellError[];
  /** Code cells that ran. */
  readonly cells: number;
  /** From the start of the kernel to its end. */
  readonly seconds: number;
}

/**
 * Runs a notebook top to bottom in a fresh kernel process. The input file is only read.
 *
 * Cells tagged `raises-exception` may fail, cells tagged `skip-execution` are left alone (nbclient's conventions).
 * @throws CellError for a failing cell, a kernel that dies, a time-out or lost output; GradbookError for the rest
 */
export async function runNotebook(path: string, config: RunOptions = {}): Promise<RunResult> {
  const given = options("runNotebook", runOptions, config);
  const { out, keepPartial, parameters } = given;
  const input = await readNotebook(path);
  if (out !== undefined && resolve(out) === resolve(path)) {
    throw new GradbookError({
      code: "config",
      what: out,
      got: "the output would overwrite the input",
      cure: "Choose another file.",
    });
  }
  if (out !== undefined) assertWritableFile(out);
  const cwd = resolve(given.cwd ?? dirname(path));
  if (!existsSync(cwd)) throw new GradbookError({ code: "file", what: cwd, got: "there is no such folder" });
  const run = new Run(basename(path), injectParameters(clearOutputs(input), parameters), given);
  try {
    const result = await run.all(cwd);
    if (out !== undefined) await writeNotebook(out, result.notebook);
    return result;
  } catch (error) {
    if (out !== undefined && keepPartial) await keep(out, run.notebook());
    throw error;
  }
}

/** Writes what there is after a failure; that this fails too is said, and hides nothing. */
async function keep(out: string, partial: Notebook): Promise<void> {
  try {
    await writeNotebook(out, partial);
  } catch (second) {
    console.warn(`run: what there is could not be kept either: ${String(second)}`);
  }
}

/** One run of one notebook. */
class Run {
  readonly #name: string;
  readonly #input: Notebook;
  readonly #options: Parsed<typeof runOptions>;

  readonly #outputs = new RunOutputs();
  readonly #counts = new Map<number, number>();
  readonly #failures: CellError[] = [];
  /** Errors that the cells have sent and that are not yet failures; they may come long after a cell's reply. */
  readonly #sent = new Map<CellPlace, ErrorOutput>();
  readonly #toRun: readonly { readonly index: number; readonly cell: CodeCell }[];
  #languageInfo: Json | undefined;

  constructor(name: string, input: Notebook, options: Parsed<typeof runOptions>) {
    this.#name = name;
    this.#input = input;
    this.#options = options;

    this.#toRun = input.cells.flatMap((cell, index) => (isToRun(cell) ? [{ index, cell }] : []));
  }

  async all(cwd: string): Promise<RunResult> {
    const started = performance.now();
    const { env, signal } = this.#options;
    const spec = this.#kernelSpec(cwd);
    this.#options.onProgress?.({ step: "start", total: this.#toRun.length, kernel: spec.display_name });
    const kernel = await startKernel(spec, {
      cwd,
      env,
      signal,
    });
    this.#languageInfo = kernel.info.languageInfo;
    try {
      for (const [done, { index, cell }] of this.#toRun.entries()) {
        await this.#runCell(kernel, index, cell, done);
        this.#failLate();
      }
    } finally {
      await kernel.shutdown();
    }
    this.#failLate();
    const seconds = (performance.now() - started) / 1000;
    this.#options.onProgress?.({ step: "end", total: this.#toRun.length, seconds });
    return { notebook: this.notebook(), failures: this.#failures, cells: this.#toRun.length, seconds };
  }

  /** The notebook with all that has come so far. */
  notebook(): Notebook {
    const cells = this.#input.cells.map((cell, index) => {
      const count = this.#counts.get(index);
      if (cell.cell_type !== "code" || count === undefined) return cell;
      const outputs = this.#outputs.of(index).map((output) => {
        return output.output_type === "execute_result" ? { ...output, execution_count: count } : output;
      });
      return { ...cell, execution_count: count, outputs };
    });
    const languageInfo = this.#languageInfo;
    const metadata =
      languageInfo === undefined
        ? this.#input.metadata
        : { ...this.#input.metadata, language_info: languageInfo };
    return { ...this.#input, metadata, cells };
  }

  #kernelSpec(cwd: string): FoundKernel {
    const { kernel } = this.#options;
    if (typeof kernel === "object") return kernel;
    return findKernel(kernel ?? (text(record(this.#input.metadata.kernelspec).name) || DEFAULT_KERNEL), cwd);
  }

  async #runCell(kernel: KernelClient, index: number, cell: CodeCell, done: number): Promise<void> {
    const total = this.#toRun.length;
    const place: CellPlace = { index, number: done + 1, source: cell.source };
    this.#options.onProgress?.({ step: "cell", done, total, cell: place });
    // Stock tslab numbers no inputs, so the count is ours: in a fresh kernel it is the same.
    this.#counts.set(index, done + 1);
    const error = await this.#execute(kernel, place, (progress) => {
      this.#options.onProgress?.({ step: "inside", done, total, cell: place, progress });
    });
    if (error === undefined) return;
    this.#sent.delete(place);
    this.#fail(place, error);
  }

  /** What a timer or a promise threw is the failure of the cell that started it, though its reply was "ok". */
  #failLate(): void {
    for (const [place, error] of this.#sent) {
      this.#sent.delete(place);
      this.#fail(place, error, " (thrown by a timer or a promise that the cell started)");
    }
  }

  #fail(place: CellPlace, error: ErrorOutput, when = ""): void {
    const failure = this.#failure("cell-failed", place, {
      got: `${`${error.ename}: ${error.evalue}`.replace(/\.$/, "")}${when}`,
      error,
    });
    const tags = cellTags(this.#input.cells[place.index]);
    if (!this.#options.allowErrors && !tags.includes("raises-exception")) throw failure;
    this.#failures.push(failure);
  }

  /** @returns the error that the cell threw */
  async #execute(
    kernel: KernelClient,
    place: CellPlace,
    onInside: (progress: Progress) => void,
  ): Promise<ErrorOutput | undefined> {
    const { timeoutSeconds, signal } = this.#options;
    // After an error stock tslab turns everything down for 200 ms.
    for (let attempt = 1; ; attempt++) {
      try {
        const reply = await kernel.execute(place.source, {
          onMessage: ({ type, content }) => {
            if (type === "error") this.#sent.set(place, readError(content));
            const progress = this.#outputs.accept(place.index, type, content);
            if (progress !== undefined) onInside(progress);
          },
          timeoutSeconds,
          signal,
        });
        if (reply.status === "ok") return undefined;
        if (reply.status === "error") {
          const sent = this.#outputs.of(place.index).find(isError);
          if (sent !== undefined) return sent;
          if ("ename" in reply.content) return readError(reply.content);
          return this.#outputs.turnStderrIntoError(place.index);
        }
        if (attempt === 10)
          throw this.#failure("cell-failed", place, { got: "the kernel refused to run it ten times" });
      } catch (cause) {
        if (!(cause instanceof GradbookError) || cause instanceof CellError) throw cause;
        const { code, got, expected, cure } = cause;
        throw this.#failure(code, place, { got, expected, cure, cause });
      }
      this.#outputs.forget(place.index);
      this.#sent.delete(place);
      await sleep(100);
    }
  }

  #failure(
    code: ErrorCode,
    cell: CellPlace,
    { error, cause, ...words }: FailureWords & { readonly error?: ErrorOutput; readonly cause?: unknown },
  ): CellError {
    const what = `${this.#name}, code cell ${cell.number} of ${this.#toRun.length}`;
    return new CellError({ ...words, code, what }, cell, {
      error,
      cause,
    });
  }
}

interface FailureWords {
  readonly got: string;
  readonly expected?: string;
  readonly cure?: string;
}

function isToRun(cell: Cell): cell is CodeCell {
  return cell.cell_type === "code" && cell.source.trim() !== "" && !cellTags(cell).includes("skip-execution");
}

function isError(output: Output): output is ErrorOutput {
  return output.output_type === "error";
}

/** A fresh run starts from nothing: what the file held from an earlier one is dropped, in skipped cells as well. */
function clearOutputs(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell): Cell => {
    return cell.cell_type === "code" ? { ...cell, execution_count: null, outputs: [] } : cell;
  });
  return { ...notebook, cells };
}

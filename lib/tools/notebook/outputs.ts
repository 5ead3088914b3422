import { type JsonObject, type MimeBundle, type Progress, progressMime } from "@gradbook/base";
import { type ErrorOutput, type Output, record, type StreamOutput, text } from "@gradbook/kernel/internal";

interface Entry {
  output: Output;
  readonly displayId: string;
}

/** The outputs of one run's cells, built from the messages that the kernel publishes. */
export class RunOutputs {
  readonly #cells = new Map<number, Entry[]>();
  /** Cells whose next output replaces what they have shown: `clear_output` with `wait`. */
  readonly #toClear = new Set<number>();

  /** @returns the progress that the message reports, if it is one */
  accept(cell: number, type: string, content: JsonObject): Progress | undefined {
    if (type === "clear_output") {
      if (content.wait === true) this.#toClear.add(cell);
      else this.#cells.set(cell, []);
      return undefined;
    }
    const data = record(content.data);
    if (progressMime in data) return readProgress(record(data[progressMime]));
    const displayId = text(record(content.transient).display_id);
    if (type === "update_display_data") this.#update(displayId, data, record(content.metadata));
    else {
      const output = readOutput(type, content, data);
      if (output !== undefined) this.#add(cell, { output, displayId });
    }
    return undefined;
  }

  /** The outputs as a notebook holds them: neighbouring pieces of one stream are one. */
  of(cell: number): readonly Output[] {
    return mergeStreams((this.#cells.get(cell) ?? []).map(({ output }) => output));
  }

  /** Forgets what a cell has shown, because it runs again. */
  forget(cell: number): void {
    this.#cells.delete(cell);
    this.#toClear.delete(cell);
  }

  /** Turns the end of what the cell wrote to stderr into the error that it is (see `errorFromStderr`). */
  turnStderrIntoError(cell: number): ErrorOutput {
    const entries = this.#cells.get(cell) ?? [];
    const { kept, error } = errorFromStderr(entries.map(({ output }) => output));
    this.#cells.set(cell, [
      ...entries.filter(({ output }) => kept.includes(output)),
      { output: error, displayId: "" },
    ]);
    return error;
  }

  #add(cell: number, entry: Entry): void {
    const entries = this.#toClear.delete(cell) ? [] : (this.#cells.get(cell) ?? []);
    entries.push(entry);
    this.#cells.set(cell, entries);
  }

  /** An update reaches every output of the notebook that was shown with this id. */
  #update(displayId: string, data: MimeBundle, metadata: JsonObject): void {
    if (displayId === "") return;
    for (const entry of [...this.#cells.values()].flat()) {
      if (entry.displayId === displayId && "data" in entry.output)
        entry.output = { ...entry.output, data, metadata };
    }
  }
}

/**
 * Stock tslab writes errors to stderr and answers `status: "error"` without an `error` message. What it wrote last is
 * the error: all the lines `3:5 - Type 'number' is …` of a cell that did not compile, else the last piece, which is
 * the thrown value as `console.error` prints it.
 */
export function errorFromStderr(outputs: readonly Output[]): {
  readonly kept: readonly Output[];
  readonly error: ErrorOutput;
} {
  const pieces = outputs.filter((output): output is StreamOutput => isStderr(output));
  const last = pieces.at(-1);
  if (last === undefined) {
    const evalue = "the kernel reported an error and said nothing";
    return { kept: outputs, error: { output_type: "error", ename: "Error", evalue, traceback: [evalue] } };
  }
  const complaints = pieces.filter((piece) => isDiagnostic(piece.text));
  if (complaints.length === outputs.length) {
    const traceback = complaints.map(({ text }) => text.trimEnd());
    const evalue = traceback[0] ?? "";
    return { kept: [], error: { output_type: "error", ename: "TypeScriptError", evalue, traceback } };
  }
  // Before the error itself Node may print the line of the transpiled code that threw it, with a caret.
  const traceback = last.text
    .replace(/^evalmachine\.<anonymous>:\d+\n[\s\S]*?\n\n(?=\S)/, "")
    .trimEnd()
    .split("\n");
  const [, ename = "Error", evalue = traceback[0]] =
    /^(?:Uncaught )?([A-Za-z_$][\w$.]*)(?: \[\w+\])?: (.*)$/.exec(traceback[0]) ?? [];
  return {
    kept: outputs.filter((output) => output !== last),
    error: { output_type: "error", ename, evalue, traceback },
  };
}

function isStderr(output: Output): boolean {
  return output.output_type === "stream" && output.name === "stderr";
}

/** `3:5 - message`, or `./file.ts 3:5 - message`. */
function isDiagnostic(text: string): boolean {
  return /^(\S+ )?\d+:\d+ - /.test(text);
}

function readOutput(type: string, content: JsonObject, data: MimeBundle): Output | undefined {
  switch (type) {
    case "stream":
      return {
        output_type: "stream",
        name: content.name === "stderr" ? "stderr" : "stdout",
        text: text(content.text),
      };
    case "display_data":
      return { output_type: "display_data", data, metadata: record(content.metadata) };
    case "execute_result": {
      const count = typeof content.execution_count === "number" ? content.execution_count : null;
      return {
        output_type: "execute_result",
        execution_count: count,
        data,
        metadata: record(content.metadata),
      };
    }
    case "error":
      return readError(content);
    default:
      return undefined;
  }
}

/** The content of an `error` message, or of an `execute_reply` of status `error`, as an output. */
export function readError(content: JsonObject): ErrorOutput {
  const { traceback } = content;
  return {
    output_type: "error",
    ename: text(content.ename) || "Error",
    evalue: text(content.evalue),
    traceback: Array.isArray(traceback) ? traceback.filter((line) => typeof line === "string") : [],
  };
}

function readProgress({ label, done, total, rate, secondsLeft }: JsonObject): Progress {
  return {
    label: text(label),
    done: typeof done === "number" ? done : 0,
    total: typeof total === "number" ? total : 0,
    ...(typeof rate === "number" ? { rate } : {}),
    ...(typeof secondsLeft === "number" ? { secondsLeft } : {}),
  };
}

/** Joined piece by piece into lists first: a cell may print a hundred thousand lines. */
function mergeStreams(outputs: readonly Output[]): readonly Output[] {
  const merged: Output[] = [];
  let pieces: string[] = [];
  let open: StreamOutput | undefined;
  const close = () => {
    if (open !== undefined) merged.push({ ...open, text: pieces.join("") });
    open = undefined;
    pieces = [];
  };
  for (const output of outputs) {
    if (output.output_type !== "stream" || output.name !== open?.name) close();
    if (output.output_type === "stream") {
      open ??= output;
      pieces.push(output.text);
    } else merged.push(output);
  }
  close();
  return merged;
}

import { readFile } from "node:fs/promises";
import {
  GradbookError,
  isJsonMime,
  isJsonObject,
  type Json,
  type JsonObject,
  type MimeBundle,
  osError,
} from "@gradbook/base";
import type { Cell, CodeCell, Notebook, Output, StreamOutput, TextCell } from "./nbformat.js";

/** Reads a notebook file. @throws GradbookError when there is none, or it is no notebook */
export async function readNotebook(path: string): Promise<Notebook> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw osError(cause, { path, doing: "read" });
  }
  return parseNotebook(text, path);
}

/**
 * Reads the text of a notebook: nbformat 4.0 to 4.5. Cells of before 4.5 have no id; they get `cell-<index>`,
 * so that reading the same file twice gives the same notebook.
 * @param name what errors call the notebook, e.g. its path
 * @throws GradbookError naming the first cell and field that is not as nbformat wants it
 */
export function parseNotebook(text: string, name: string): Notebook {
  let raw: unknown;
  try {
    raw = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw new GradbookError(
      {
        code: "notebook-format",
        what: name,
        got: `the file is not JSON (${cause instanceof Error ? cause.message : String(cause)})`,
        expected: "a Jupyter notebook",
      },
      { cause },
    );
  }
  const notebook = new Field(raw, name, "").object();
  const major = notebook.at("nbformat").number();
  if (major !== 4) {
    throw new GradbookError({
      code: "notebook-format",
      what: name,
      got: `nbformat ${major}`,
      expected: "nbformat 4",
      cure: "jupyter nbconvert --to notebook --nbformat 4 turns it.",
    });
  }
  notebook.at("nbformat_minor").number();
  const cells = notebook.at("cells").list().map(readCell);
  refuseSameIds(cells, name);
  return { nbformat: 4, nbformat_minor: 5, metadata: notebook.at("metadata").jsonObject(), cells };
}

function readCell(cell: Field, index: number): Cell {
  const type = cell.object().at("cell_type").oneOf("code", "markdown", "raw");
  const base = {
    id: readId(cell, index),
    metadata: cell.at("metadata").jsonObject(),
    source: cell.at("source").text(),
  };
  if (type !== "code") {
    const text: TextCell = { cell_type: type, ...base };
    if (!cell.has("attachments")) return text;
    const files = cell.at("attachments").object().entries();
    return {
      ...text,
      attachments: Object.fromEntries(files.map(([file, data]) => [file, readBundle(data)])),
    };
  }
  const code: CodeCell = {
    cell_type: "code",
    ...base,
    execution_count: cell.at("execution_count").count(),
    outputs: cell.at("outputs").list().map(readOutput),
  };
  return code;
}

/** nbformat's rule for ids; a missing one is made from the place, because it must be the same in every run. */
function readId(cell: Field, index: number): string {
  if (!cell.has("id")) return `cell-${index}`;
  const id = cell.at("id").string();
  if (/^[a-zA-Z0-9_-]{1,64}$/.test(id)) return id;
  return cell.at("id").refuse(JSON.stringify(id), "1 to 64 letters, digits, - and _");
}

function refuseSameIds(cells: readonly Cell[], name: string): void {
  const seen = new Map<string, number>();
  for (const [index, { id }] of cells.entries()) {
    const earlier = seen.get(id);
    if (earlier !== undefined) {
      throw new GradbookError({
        code: "notebook-format",
        what: `${name}, cell ${index}`,
        got: `the id "${id}" is that of cell ${earlier} too`,
        expected: "a unique id for each cell",
        cure: "Saving the notebook once in JupyterLab gives new ids.",
      });
    }
    seen.set(id, index);
  }
}

function readOutput(output: Field): Output {
  const type = output.object().at("output_type").oneOf("stream", "display_data", "execute_result", "error");
  switch (type) {
    case "stream": {
      const name: StreamOutput["name"] = output.at("name").oneOf("stdout", "stderr");
      return { output_type: type, name, text: output.at("text").text() };
    }
    case "display_data":
      return {
        output_type: type,
        data: readBundle(output.at("data")),
        metadata: output.at("metadata").jsonObject(),
      };
    case "execute_result":
      return {
        output_type: type,
        execution_count: output.at("execution_count").count(),
        data: readBundle(output.at("data")),
        metadata: output.at("metadata").jsonObject(),
      };
    case "error":
      return {
        output_type: type,
        ename: output.at("ename").string(),
        evalue: output.at("evalue").string(),
        traceback: output
          .at("traceback")
          .list()
          .map((line) => line.string()),
      };
  }
}

function readBundle(bundle: Field): MimeBundle {
  const entries = bundle.object().entries();
  return Object.fromEntries(
    entries.map(([mime, data]) => [mime, isJsonMime(mime) ? data.json() : data.text()] as const),
  );
}

/** A place in the file that knows its own path, so that every refusal can say where it is. */
class Field {
  readonly #value: unknown;
  readonly #file: string;
  readonly #path: string;

  constructor(value: unknown, file: string, path: string) {
    this.#value = value;
    this.#file = file;
    this.#path = path;
  }

  object(): this {
    return isJsonObject(this.#value) ? this : this.refuse(kindOf(this.#value), "an object");
  }

  has(key: string): boolean {
    return isJsonObject(this.#value) && key in this.#value;
  }

  at(key: string): Field {
    const path = this.#path === "" ? key : `${this.#path}.${key}`;
    return new Field(isJsonObject(this.#value) ? this.#value[key] : undefined, this.#file, path);
  }

  entries(): readonly (readonly [string, Field])[] {
    return isJsonObject(this.#value)
      ? Object.keys(this.#value).map((key) => [key, this.at(key)] as const)
      : [];
  }

  list(): readonly Field[] {
    if (!Array.isArray(this.#value)) return this.refuse(kindOf(this.#value), "a list");
    return this.#value.map((item, index) => new Field(item, this.#file, `${this.#path}[${index}]`));
  }

  string(): string {
    return typeof this.#value === "string" ? this.#value : this.refuse(kindOf(this.#value), "a string");
  }

  /** nbformat's multi-line text: one string, or a list of strings to be joined. */
  text(): string {
    if (Array.isArray(this.#value)) {
      return this.list()
        .map((line) => line.string())
        .join("");
    }
    return typeof this.#value === "string"
      ? this.#value
      : this.refuse(kindOf(this.#value), "a string or a list of strings");
  }

  number(): number {
    return typeof this.#value === "number" ? this.#value : this.refuse(kindOf(this.#value), "a number");
  }

  /** An execution count: null before the cell ran. */
  count(): number | null {
    return this.#value === null ? null : this.number();
  }

  oneOf<T extends string>(...words: readonly T[]): T {
    const found = words.find((word) => word === this.#value);
    if (found !== undefined) return found;
    const got = typeof this.#value === "string" ? JSON.stringify(this.#value) : kindOf(this.#value);
    return this.refuse(got, `one of ${words.join(", ")}`);
  }

  json(): Json {
    return isJson(this.#value) ? this.#value : this.refuse(kindOf(this.#value), "JSON");
  }

  jsonObject(): JsonObject {
    const value = this.#value;
    return isJsonObject(value) ? value : this.refuse(kindOf(value), "an object");
  }

  refuse(got: string, expected: string): never {
    const what = this.#path === "" ? this.#file : `${this.#file}, ${this.#path}`;
    throw new GradbookError({ code: "notebook-format", what, got, expected });
  }
}

/** Everything below a parsed JSON text is JSON; only "missing" has to be told apart. */
function isJson(value: unknown): value is Json {
  return value !== undefined;
}

function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

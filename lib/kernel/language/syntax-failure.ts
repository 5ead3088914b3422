import { GradbookError } from "@gradbook/base";
import { type Program, parse } from "acorn";
import { codeFrame, red } from "../code-frame.js";
import type { ErrorContent } from "../jupyter/messages.js";
import { originalPlace } from "../positions.js";
import { parserOptions } from "./parser-options.js";

/** The text is not TypeScript. */
export class SyntaxFailure extends Error {
  readonly content: ErrorContent;
  /** Whether more text could make it right. */
  readonly incomplete: boolean;

  constructor(content: ErrorContent, incomplete: boolean) {
    super(content.evalue);
    this.content = content;
    this.incomplete = incomplete;
  }
}

/** What could not be translated or found, as an error of the cell. */
export function contentOf(failure: unknown): ErrorContent {
  if (failure instanceof SyntaxFailure) return failure.content;
  const [ename, evalue] =
    failure instanceof Error ? [failure.name, failure.message] : ["Error", String(failure)];
  // Where in the kernel it was noticed is nobody's business; of a fault of the kernel itself it is all there is.
  const known = failure instanceof GradbookError || ename === "ModuleNotFound";
  const way = !known && failure instanceof Error ? (failure.stack ?? "").split("\n").slice(1) : [];
  return { ename, evalue, traceback: [`${red(ename)}: ${evalue}`, ...way] };
}

/** Line and column from 1. */
export interface SourcePlace {
  /** As the message calls the text. */
  readonly file: string;
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

export function failureAt(
  message: string,
  { file, source, line, column }: SourcePlace,
  incomplete = false,
): SyntaxFailure {
  const evalue = `${message} (${file}, line ${line}, column ${column})`;
  const traceback = [`${red("SyntaxError")}: ${evalue}`, ...codeFrame(source, line, column)];
  return new SyntaxFailure({ ename: "SyntaxError", evalue, traceback }, incomplete);
}

/** Where translated code comes from; `runs` as in `Positions`. */
export interface TranslatedFrom {
  readonly file: string;
  readonly source: string;
  readonly runs: readonly number[];
}

/** Parses JavaScript; a mistake is told with its place in what it was made from. */
export function parseModule(code: string, { file, source, runs }: TranslatedFrom): Program {
  try {
    return parse(code, parserOptions);
  } catch (failure) {
    const message = failure instanceof Error ? failure.message.replace(/ \(\d+:\d+\)$/, "") : String(failure);
    const loc = failure instanceof Error ? Reflect.get(failure, "loc") : undefined;
    const place = loc && originalPlace({ runs }, loc.line - 1, loc.column);
    if (place !== undefined)
      throw failureAt(message, { file, source, line: place.line + 1, column: place.column + 1 });
    const traceback = [`${red("SyntaxError")}: ${message}`];
    throw new SyntaxFailure({ ename: "SyntaxError", evalue: message, traceback }, false);
  }
}

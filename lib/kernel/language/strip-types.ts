import { type Loader, type Message, stop, type TransformOptions, transform } from "esbuild";
import { decodeMappings } from "../positions.js";
import { failureAt } from "./syntax-failure.js";

/** What tsconfig.json says that changes what code does. */
export interface EmitOptions {
  /** Options that esbuild takes as TypeScript names them. */
  readonly compilerOptions: Readonly<Record<string, string | boolean>>;
  /** Refuses code with decorators, where they would need what is not there. */
  readonly refuseDecorators?: () => void;
}

export interface Stripped {
  readonly code: string;
  /** From the code to the source, as in `Positions`. */
  readonly runs: readonly number[];
}

/**
 * TypeScript → JavaScript with imports left alone.
 * @param loader what the text is; JavaScript keeps its imports and its `f<a>(b)`
 * @throws SyntaxFailure
 */
export async function stripTypes(
  source: string,
  {
    file,
    loader,
    options,
  }: { readonly file: string; readonly loader: Loader; readonly options: EmitOptions },
): Promise<Stripped> {
  const given: TransformOptions = {
    loader,
    format: "esm",
    target: "node20",
    supported: { "import-attributes": true },
    sourcemap: "external",
    sourcesContent: false,
    sourcefile: "cell.ts",
    charset: "utf8",
    logLevel: "silent",
    tsconfigRaw: { compilerOptions: { target: "ES2022", ...options.compilerOptions } },
  };
  try {
    const { code, map } = await withEsbuild(() => transform(source, given));
    if (options.refuseDecorators !== undefined && /^var __decorateClass = /m.test(code))
      options.refuseDecorators();
    return { code, runs: decodeMappings(JSON.parse(map).mappings) };
  } catch (failure) {
    throw syntaxFailure(failure, source, file, await endsInString(source, loader));
  }
}

/** `exports` and `module` make esbuild take a text for CommonJS, unless something in it says otherwise. */
export function isWrapped(code: string): boolean {
  return /^export default require_\w+\(\);$/m.test(code);
}

/** Whether more text would go on inside of a string: in a template, and behind a backslash that ends a line. */
async function endsInString(source: string, loader: Loader): Promise<boolean> {
  const lines = `${source}\n`;
  const first = await transform(lines, { loader, logLevel: "silent" }).then(() => undefined, firstMessage);
  return /^Unterminated string/.test(first?.text ?? "") && first?.location?.line === lines.split("\n").length;
}

function firstMessage(failure: unknown): Message | undefined {
  return failure instanceof Error && "errors" in failure ? (failure.errors as Message[])[0] : undefined;
}

/** Again when esbuild's process has died, with a new one. */
async function withEsbuild<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    const died =
      failure instanceof Error && /^The service (?:is no longer running|was stopped)/.test(failure.message);
    if (!died) throw failure;
    await stop();
    return work();
  }
}

/** @param openString whether the source breaks off inside of a string that could go on in the next line */
function syntaxFailure(failure: unknown, source: string, file: string, openString: boolean): unknown {
  const first = firstMessage(failure);
  if (first === undefined || first.location === null) return failure;
  const { line, column: bytes, lineText } = first.location;
  const column = Buffer.from(lineText).subarray(0, bytes).toString().length + 1;
  const rest = source
    .split("\n")
    .slice(line - 1)
    .join("\n");
  const atEnd = rest.slice(column - 1).trim() === "";
  const open = atEnd && /end of file|to terminate multi-line comment/.test(first.text);
  return failureAt(first.text, { file, source, line, column }, open || openString);
}

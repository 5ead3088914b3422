import { CellTranslator } from "./cell-translator.js";
import { plainExpression, tokenRuns } from "./plain-expression.js";
import { stripCell } from "./strip-cell.js";
import { parseModule } from "./syntax-failure.js";
import type { CellContext, Translation } from "./translation.js";

/**
 * Makes an async function of a cell. The cell's top-level names become properties of the scope object (`let x = 1` →
 * `$scope$.x = 1`), so that later cells see and redefine them and a cell that fails half-way keeps what it had; the
 * last expression becomes the function's value; imports are listed, to be done before; awaits can be interrupted.
 * @throws SyntaxFailure
 */
export async function translateCell(
  source: string,
  file: string,
  context: CellContext,
): Promise<Translation> {
  const plain = plainExpression(source);
  if (plain !== undefined) {
    const stripped = { code: source, runs: tokenRuns(source) };
    const cell = {
      source,
      file,
      context,
      ...stripped,
      program: plain,
      kinds: new Map(),
      declared: new Set<string>(),
      plain: true,
    } as const;
    return new CellTranslator(cell).translate();
  }
  // A comment of the same length.
  const text = source.replace(/^#!/, "//");
  const { kinds, declared, mark, ...stripped } = await stripCell(text, file, context);
  const program = parseModule(stripped.code, { file, source, runs: stripped.runs });
  return new CellTranslator({
    source,
    file,
    context,
    ...stripped,
    program,
    kinds,
    declared,
    mark,
  }).translate();
}

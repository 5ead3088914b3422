import { type CellSource, readCell, UnreadableCell } from "./cell-source.js";
import type { EmitOptions, Stripped } from "./strip-types.js";
import { failureAt } from "./syntax-failure.js";
import type { CellContext } from "./translation.js";

/** esbuild is read when the first cell needs it, or when there is time. */
const esbuild = (): Promise<typeof import("./strip-types.js")> => import("./strip-types.js");

/** Removes the types of a cell whose last expression and names have been read before. */
export async function stripCell(
  source: string,
  file: string,
  { options, javascript }: CellContext,
): Promise<Stripped & Pick<CellSource, "kinds" | "declared" | "mark">> {
  // A cell keeps all its imports: a later one may use them.
  const compilerOptions = { ...options.compilerOptions, verbatimModuleSyntax: true };
  const how = { file, options: { ...options, compilerOptions } };
  const { kinds, declared, aliases, mark, loader, marked, columnOf } = await readSource(
    source,
    javascript,
    how,
  );
  // Without an export, `this` and `module` would make esbuild take it for CommonJS.
  const { stripTypes } = await esbuild();
  try {
    const { code, runs } = await stripTypes(`${marked}\n;export { ${aliases.join(", ")} };`, {
      ...how,
      loader,
    });
    const places = runs.map((value, i) => (i % 4 === 3 ? columnOf(runs[i - 1], value) : value));
    return { code, runs: places, kinds, declared, mark };
  } catch (failure) {
    // The mistake is told with its place in the text as it was written.
    await stripTypes(source, { ...how, loader });
    throw failure;
  }
}

async function readSource(
  source: string,
  javascript: boolean,
  how: { readonly file: string; readonly options: EmitOptions },
): Promise<CellSource> {
  try {
    return await readCell(source, javascript);
  } catch (failure) {
    if (!(failure instanceof UnreadableCell)) throw failure;
    // esbuild has the better words for a mistake, where it sees one too.
    await (await esbuild()).stripTypes(source, { ...how, loader: "ts" });
    throw failureAt(failure.message, { file: how.file, source, line: failure.line, column: failure.column });
  }
}

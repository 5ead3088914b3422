import { type AnyNode, type Program, parse } from "acorn";
import { childrenOf } from "./references.js";

/**
 * The program of a cell that is a single expression of JavaScript, such as `await train(model)` or `rows.map((r) => r.loss)`:
 * the way through esbuild's process, which would change nothing, is spared. What TypeScript might read differently
 * (`f<T>(x)`), what esbuild rewrites, and what holds statements is left to esbuild.
 */
export function plainExpression(source: string): Program | undefined {
  if (/<[\s\S]*>|@|\b(?:this|super|import|module|exports|class|function|using)\b/.test(source))
    return undefined;
  try {
    const program = parse(source, {
      ecmaVersion: 2022,
      sourceType: "module",
      allowAwaitOutsideFunction: true,
    });
    const [only, ...others] = program.body;
    const single = others.length === 0 && only?.type === "ExpressionStatement";
    return single && !holdsStatements(only.expression) ? program : undefined;
  } catch {
    // Not this simple: TypeScript, or a mistake that is told by whoever reads it next.
    return undefined;
  }
}

/** As the body of a function does. */
function holdsStatements(node: AnyNode): boolean {
  return /Statement$|Declaration$/.test(node.type) || childrenOf(node).some(holdsStatements);
}

/** Runs of a text that stays what it is: every word and sign is its own place. */
export function tokenRuns(source: string): number[] {
  return source
    .split("\n")
    .flatMap((text, line) =>
      Array.from(text.matchAll(/[\p{ID_Continue}$]+|\S/gu), ({ index }) => [line, index, line, index]).flat(),
    );
}

import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser, type Program } from "acorn";
import { parserOptions } from "./parser-options.js";

type Method = (...parameters: unknown[]) => unknown;

const Base = Parser.extend(tsPlugin());

/** Parts of the parser that are not in its types. */
const inherited = (name: string): Method => {
  const found: unknown = Reflect.get(Base.prototype, name);
  if (typeof found !== "function") throw new TypeError(`the parser of TypeScript has no ${name}`);
  return (self, ...parameters) => Reflect.apply(found, self, parameters);
};
const parseConditional = inherited("parseConditional");
const shouldParseArrow = inherited("shouldParseArrow");
const tryParse = inherited("tryParse");

/** Within a conditional whose colon is not that of a type. */
let plainColons = 0;

const isAt = (parser: object, label: string): boolean =>
  Reflect.get(Reflect.get(parser, "type"), "label") === label;

/** In `a ? (b) : c => d` the parser takes `: c` for the type of an arrow function, unless it is told not to. */
class TypeScriptParser extends Base {}
Object.defineProperties(TypeScriptParser.prototype, {
  parseConditional: {
    value(this: object, ...parameters: unknown[]): unknown {
      if (!isAt(this, "?")) return parseConditional(this, ...parameters);
      const first = tryParse(this, () => parseConditional(this, ...parameters));
      const { node, error }: { node?: unknown; error?: unknown } = Object(first);
      if (!(error instanceof SyntaxError)) return node;
      plainColons++;
      try {
        return parseConditional(this, ...parameters);
      } finally {
        plainColons--;
      }
    },
  },
  shouldParseArrow: {
    value(this: object, ...parameters: unknown[]): unknown {
      return plainColons > 0 && isAt(this, ":") ? false : shouldParseArrow(this, ...parameters);
    },
  },
  // A cell may export what an earlier one has declared.
  checkLocalExport: { value: () => undefined },
});

/** @throws SyntaxError with `loc` */
export function parseTypeScript(source: string): Program {
  return TypeScriptParser.parse(source, { ...parserOptions, locations: true });
}

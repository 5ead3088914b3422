import { escapeHtml } from "@gradbook/core/internal";
import type { MarkedExtension } from "marked";
import { type Block, flat } from "./block.js";

/** Number of each figure and table, by `fig-NAME` and `tbl-NAME`. */
export type References = ReadonlyMap<string, { readonly id: string; readonly words: string }>;

export function references(blocks: readonly Block[]): References {
  const found = new Map<string, { readonly id: string; readonly words: string }>();
  const counts = { figure: 0, table: 0 };
  for (const block of flat(blocks)) {
    if (block.kind === "figure")
      found.set(`fig-${block.name}`, { id: `fig-${block.name}`, words: `Figure ${++counts.figure}` });
    if (block.kind === "table")
      found.set(`tbl-${block.name}`, { id: `table-${block.name}`, words: `Table ${++counts.table}` });
  }
  return found;
}

const pattern = /^@((?:fig|tbl)-[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?)/u;

/**
 * `@fig-loss` becomes "Figure 3", a link to the figure of that name; `@tbl-…` the same for tables, as Quarto writes them.
 * @param missing told of a name that nothing in the report has
 */
export function referenceExtension(
  known: References,
  insert: (html: string) => string,
  missing: (name: string) => void,
): MarkedExtension {
  return {
    extensions: [
      {
        name: "crossReference",
        level: "inline",
        start: (source) => source.match(/@(?:fig|tbl)-/)?.index,
        tokenizer(source) {
          const found = pattern.exec(source);
          return found === null ? undefined : { type: "crossReference", raw: found[0], name: found[1] };
        },
        renderer: (token) => {
          const target = known.get(String(token.name));
          if (target !== undefined)
            return insert(`<a href="#${escapeHtml(target.id)}">${target.words.replace(" ", "&nbsp;")}</a>`);
          missing(String(token.name));
          return escapeHtml(token.raw);
        },
      },
    ],
  };
}

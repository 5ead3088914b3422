import { isJsonObject } from "@gradbook/base";
import { type Cell, cellTags } from "@gradbook/kernel/internal";

/** What a cell's author wants of its code or its output. */
export interface Hiding {
  readonly how: "shown" | "folded" | "removed";
  /** Who said so: `tag remove-input`, `collapsed in the notebook`. */
  readonly by: string;
}

const shown: Hiding = { how: "shown", by: "" };

/**
 * Tags of cells as Jupyter Book and nbconvert know them, with hyphens or underscores, and what JupyterLab writes when
 * somebody collapses a cell. `remove-…` takes something out; `hide-…` and collapsed folds it.
 */
export function hiding(cell: Cell): {
  readonly input: Hiding;
  readonly output: Hiding;
  /** Whether its code is to be read on paper too (tag `show-input`). */
  readonly isCodeWanted: boolean;
} {
  const tags = cellTags(cell).map((tag) => tag.replaceAll("_", "-"));
  const { jupyter, collapsed } = cell.metadata;
  const folded = isJsonObject(jupyter) ? jupyter : {};
  const of = (part: "input" | "output", isCollapsed: boolean): Hiding => {
    for (const [verb, how] of [["remove", "removed"] as const, ["hide", "folded"] as const]) {
      const tag = [`${verb}-cell`, `${verb}-${part}`].find((name) => tags.includes(name));
      if (tag !== undefined) return { how, by: `tag ${tag}` };
    }
    return isCollapsed ? { how: "folded", by: "collapsed in the notebook" } : shown;
  };
  return {
    isCodeWanted: tags.includes("show-input"),
    input: of("input", folded.source_hidden === true),
    output: of("output", folded.outputs_hidden === true || collapsed === true),
  };
}

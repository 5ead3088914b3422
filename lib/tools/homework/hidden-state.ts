import {
  type CellNames,
  type CodeCell,
  cellNames,
  cellTags,
  type Notebook,
  SyntaxFailure,
} from "@gradbook/kernel/internal";
import type { Finding } from "./findings.js";

/** Kinds of hidden state, by a word. */
export type StateKind =
  /** A name that no cell defines. */
  | "nowhere"
  /** A name that only a cell below defines. */
  | "later"
  /** Another definition was seen when the cell ran than will be from top to bottom. */
  | "other-definition"
  /** The definition was run again after the cell. */
  | "stale"
  /** Changed in place by a cell that ran more than once. */
  | "twice"
  /** Cells ran in another order than they stand in. */
  | "order"
  /** Outputs without a run, or no run at all. */
  | "unrun"
  /** A built-in name is changed. */
  | "builtin"
  /** The cell is no TypeScript. */
  | "syntax";

/** Something that makes a notebook show what it will not show from top to bottom. */
export interface StateFinding extends Finding {
  readonly kind: StateKind;
}

/** A code cell, read. */
interface ReadCell extends CellNames {
  /** Number of the cell, from 1, over all cells. */
  readonly cell: number;
  readonly count: number | null;
  readonly hasOutputs: boolean;
}

/**
 * Finds hidden state by the saved file alone, without running anything: names that a fresh run will not have or will have
 * otherwise, and cells whose numbers don't go upwards.
 */
export async function hiddenState(notebook: Notebook): Promise<readonly StateFinding[]> {
  const findings: StateFinding[] = [];
  const cells: ReadCell[] = [];
  for (const [i, cell] of notebook.cells.entries()) {
    if (cell.cell_type !== "code" || isSkipped(cell)) continue;
    try {
      const { execution_count: count, outputs } = cell;
      cells.push({ ...(await cellNames(cell.source)), cell: i + 1, count, hasOutputs: outputs.length > 0 });
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure;
      // a cell that is to raise an error may be anything
      if (cellTags(cell).includes("raises-exception")) continue;
      const cure = "A fresh run ends here: mend it.";
      findings.push({ kind: "syntax", cell: i + 1, got: failure.content.evalue, cure });
    }
  }
  const state = new State(cells);
  for (const [place, cell] of cells.entries())
    findings.push(...state.ofNames(cell, place), ...state.ofWrites(cell));
  findings.push(...ofOrder(cells));
  return findings.sort((a, b) => a.cell - b.cell);
}

/** Cells that a run leaves out: empty, tagged, `name?`. */
function isSkipped(cell: CodeCell): boolean {
  const { source } = cell;
  return (
    source.trim() === "" ||
    cellTags(cell).includes("skip-execution") ||
    /^\s*[\p{ID_Continue}$.]+\?{1,2}\s*$/u.test(source)
  );
}

const builtins: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(globalThis),
  ...["require", "module", "exports", "__filename", "__dirname", "arguments", "undefined"],
  // newer than Node 20, which knows them by translation
  ...["prompt", "confirm", "alert", "SuppressedError", "DisposableStack", "AsyncDisposableStack", "Iterator"],
]);

class State {
  readonly #cells: readonly ReadCell[];
  /** The cells that define a name, from top to bottom. */
  readonly #defining = new Map<string, ReadCell[]>();
  /** Whether the numbers show that cells ran more than once. */
  readonly #isRerun: boolean;

  constructor(cells: readonly ReadCell[]) {
    this.#cells = cells;
    for (const cell of cells)
      for (const name of cell.defines) this.#defining.set(name, [...(this.#defining.get(name) ?? []), cell]);
    const counts = cells.flatMap(({ count }) => (count === null ? [] : [count]));
    this.#isRerun = counts.length > 0 && Math.max(...counts) > counts.length;
  }

  ofNames(cell: ReadCell, place: number): StateFinding[] {
    return [...this.#needed(cell)].flatMap((name) => {
      if (cell.defines.has(name)) return [];
      const defining = this.#defining.get(name) ?? [];
      if (defining.length === 0 && builtins.has(name)) return [];
      const isDirect = cell.eager.has(name);
      const used = isDirect
        ? "is used"
        : cell.later.has(name)
          ? "is used in a function"
          : "is needed by a function called here";
      if (defining.length === 0)
        return finding(
          "nowhere",
          cell,
          `${name} ${used}, but no cell defines it (a deleted cell?)`,
          "Define it above.",
        );
      if (!isDirect && !this.#isCalled(cell, name)) return [];
      const before = defining.filter((one) => this.#cells.indexOf(one) < place);
      if (before.length === 0)
        return finding(
          "later",
          cell,
          `${name} ${used} before the cell that defines it (cell ${defining[0].cell})`,
          "Move its definition up.",
        );
      return this.#compare(cell, name, defining, before[before.length - 1]);
    });
  }

  /** The definition that a cell saw when it ran, and the one that it will see from top to bottom. */
  #compare(cell: ReadCell, name: string, defining: readonly ReadCell[], nearest: ReadCell): StateFinding[] {
    const { count } = cell;
    if (count === null) return [];
    const ran = defining
      .filter((one) => one.count !== null && one.count < count)
      .sort((a, b) => Number(b.count) - Number(a.count))[0];
    const cure = "Run all cells afresh, and look whether the numbers change.";
    if (ran !== undefined && ran !== nearest)
      return finding(
        "other-definition",
        cell,
        `${name} was that of cell ${ran.cell} when this ran; from top to bottom it is that of cell ${nearest.cell}`,
        cure,
      );
    if (ran === undefined && nearest.count !== null && nearest.count > count)
      return finding(
        "stale",
        cell,
        `${name} was defined anew (cell ${nearest.cell}, run as [${nearest.count}]) after this ran as [${count}]`,
        cure,
      );
    return [];
  }

  ofWrites(cell: ReadCell): StateFinding[] {
    return [...cell.writes].flatMap(([name, how]) => {
      if (cell.defines.has(name)) return [];
      const defining = this.#defining.get(name) ?? [];
      if (defining.length === 0 && builtins.has(name))
        return finding("builtin", cell, `${name}, a built-in name, is changed`, "Choose another name.");
      if (defining.length === 0)
        // one that reads it, too, is said already
        return cell.eager.has(name)
          ? []
          : finding("nowhere", cell, `${name} is assigned, but no cell defines it`, "Define it with let.");
      if (how === "in place" && this.#isRerun)
        return finding(
          "twice",
          cell,
          `${name} of cell ${defining[0].cell} is changed in place, and the numbers show that cells ran more than once`,
          "Run all cells afresh before you believe the result.",
        );
      return [];
    });
  }

  /** Names that the cell needs: those that it reads, and those of its functions that no cell has. */
  #needed(cell: ReadCell): Set<string> {
    const needed = new Set(cell.eager);
    for (const name of cell.eager) for (const inner of this.#behind(name)) needed.add(inner);
    for (const name of cell.later) if (!this.#defining.has(name)) needed.add(name);
    return needed;
  }

  #isCalled(cell: ReadCell, name: string): boolean {
    return [...cell.eager].some((used) => this.#behind(used).has(name));
  }

  /** What a function needs when it is called, through the functions that it calls. */
  #behind(name: string, seen = new Set<string>()): Set<string> {
    for (const cell of this.#defining.get(name) ?? [])
      for (const inner of cell.bodies.get(name) ?? [])
        if (!seen.has(inner)) {
          seen.add(inner);
          this.#behind(inner, seen);
        }
    return seen;
  }
}

function ofOrder(cells: readonly ReadCell[]): StateFinding[] {
  const counted = cells.filter(({ count }) => count !== null);
  const falling = counted.flatMap((cell, i) => {
    const before = counted[i - 1];
    return i > 0 && Number(cell.count) < Number(before.count)
      ? finding(
          "order",
          cell,
          `it ran as [${cell.count}], before cell ${before.cell} above it ([${before.count}])`,
          "Run all cells from top to bottom.",
        )
      : [];
  });
  const unrun = cells.flatMap((cell) => {
    if (cell.count !== null) return [];
    if (cell.hasOutputs)
      return finding("unrun", cell, "it has outputs but no number: no kernel has run it", "Run it.");
    return counted.length > 0
      ? finding("unrun", cell, "it was never run", "Run all cells from top to bottom.")
      : [];
  });
  return [...falling, ...unrun];
}

function finding(kind: StateKind, { cell }: ReadCell, got: string, cure: string): StateFinding[] {
  return [{ kind, cell, got, cure }];
}

import type { PreparedCell } from "../threads.js";
import type { EmitOptions } from "./strip-types.js";

/** What a name means to later cells: whether they may assign to it. */
export type Assignable = "let" | "const" | "other";

export interface Translation {
  readonly prepared: PreparedCell;
  /** Names of values that the cell declares or imports: how they were declared. */
  readonly names: ReadonlyMap<string, Assignable>;
  /** Every name that the cell's text declares at its top level, types and mere declarations among them. */
  readonly declared: ReadonlySet<string>;
  /** Variables of cells to which its functions assign, also after they have been declared anew. */
  readonly assigned: ReadonlySet<string>;
}

/** What a cell's text means depends on. */
export interface CellContext {
  /** Names that earlier cells have defined. */
  readonly known: ReadonlyMap<string, { readonly kind: Assignable }>;
  /** Names to which functions of earlier cells assign. */
  readonly assigned: ReadonlySet<string>;
  readonly options: EmitOptions;
  /** Cells are JavaScript. */
  readonly javascript: boolean;
}

export const noContext: CellContext = {
  known: new Map(),
  assigned: new Set(),
  options: { compilerOptions: {} },
  javascript: false,
};

import { basename } from "node:path";
import { readNotebook, stringifyNotebook } from "@gradbook/kernel/internal";
import { CellError } from "../notebook/cell-error.js";
import { type RunProgress, runNotebook } from "../notebook/run.js";
import { runVariables } from "../report/variables.js";
import { absolutePaths, datasetImages, type Finding } from "./findings.js";
import { hiddenState } from "./hidden-state.js";
import { largeSubmission } from "./submit.js";

export interface CheckOptions {
  /** Path of the notebook. */
  readonly notebook: string;
  readonly scale: "quick" | "full";
  /** Your own copy of the data set. */
  readonly data?: string;
  /** Whether the notebook may train on the stand-in where MNIST is missing. */
  readonly standIn?: boolean;
  /** Run it afresh; otherwise only the saved file is looked at. */
  readonly run: boolean;
  readonly onProgress?: (progress: RunProgress) => void;
  readonly signal?: AbortSignal;
}

/** What is to be said before a notebook is handed in. */
export interface Checked {
  /** Of the file as it was saved: what its numbers hide. */
  readonly saved: readonly Finding[];
  /** Of a fresh run; undefined where none was made. */
  readonly fresh: readonly Finding[] | undefined;
}

/**
 * Looks at a notebook as whoever grades it will: at the saved file for hidden state and absolute paths, then at a run from top
 * to bottom in a fresh kernel. Nothing is written.
 */
export async function checkNotebook(options: CheckOptions): Promise<Checked> {
  const { notebook: path, scale, data, standIn = false, run, onProgress, signal } = options;
  const notebook = await readNotebook(path);
  const bare = notebook.cells.map((cell) => (cell.cell_type === "code" ? { ...cell, outputs: [] } : cell));
  const saved = [...(await hiddenState(notebook)), ...absolutePaths({ ...notebook, cells: bare })];
  if (!run) return { saved: sorted(saved), fresh: undefined };
  try {
    const env = runVariables({ scale, standIn, data });
    const { notebook: executed } = await runNotebook(path, { env, onProgress, signal });
    const bytes = Buffer.byteLength(stringifyNotebook(executed));
    const sources = new Set(saved.map(({ cell, got }) => `${cell} ${got}`));
    const paths = absolutePaths(executed).filter(({ cell, got }) => !sources.has(`${cell} ${got}`));
    const large = largeSubmission(bytes);
    return {
      saved: sorted(saved),
      fresh: [...sorted([...paths, ...datasetImages(executed)]), ...(large === undefined ? [] : [large])],
    };
  } catch (error) {
    if (!(error instanceof CellError)) throw error;
    const got = `a fresh run ends here: ${error.error?.evalue ?? error.got}`.replace(/\.$/, "");
    return {
      saved: sorted(saved),
      fresh: [{ cell: error.cell.index + 1, got, cure: "Mend it, and check again." }],
    };
  }
}

const sorted = (findings: readonly Finding[]): readonly Finding[] =>
  [...findings].sort((a, b) => a.cell - b.cell);

/** `hw4.ipynb, cell 3: rate is used, but no cell defines it. Define it above.` */
export function findingInWords(notebook: string, { cell, got, cure }: Finding): string {
  const place = cell === 0 ? basename(notebook) : `${basename(notebook)}, cell ${cell}`;
  return `${place}: ${got}. ${cure}`;
}

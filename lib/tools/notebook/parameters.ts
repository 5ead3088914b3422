import { configError, type Json } from "@gradbook/base";
import { type Cell, type CodeCell, cellTags, type Notebook } from "@gradbook/kernel/internal";

const NAME = /^[A-Za-z_$][\w$]*(\.[A-Za-z_$][\w$]*)*$/;

/**
 * A copy of the notebook with one more code cell that sets `parameters`, after the cell tagged `parameters`, else at the
 * top; tagged `injected-parameters` and in the place of an earlier one (papermill's convention, read by other tools).
 *
 * A plain name becomes a variable (`epochs` → `let epochs = 3;`), a dotted one a field of a record that the tagged cell
 * has made (`config.epochs` → `Object.assign(config, {"epochs": 3});`, which also reaches `readonly` fields).
 * @throws GradbookError for a name that is no TypeScript identifier
 */
export function injectParameters(notebook: Notebook, parameters: Readonly<Record<string, Json>>): Notebook {
  if (Object.keys(parameters).length === 0) return notebook;
  const kept = notebook.cells.filter((cell) => !cellTags(cell).includes("injected-parameters"));
  const tagged = kept.findIndex((cell) => cellTags(cell).includes("parameters"));
  const cell: CodeCell = {
    cell_type: "code",
    id: freeId(kept),
    metadata: { tags: ["injected-parameters"] },
    source: parameterSource(parameters),
    execution_count: null,
    outputs: [],
  };
  return { ...notebook, cells: [...kept.slice(0, tagged + 1), cell, ...kept.slice(tagged + 1)] };
}

function parameterSource(parameters: Readonly<Record<string, Json>>): string {
  const lines = ["// Parameters of this run"];
  const records = new Map<string, Record<string, Json>>();
  for (const [name, value] of Object.entries(parameters)) {
    if (!NAME.test(name)) {
      throw configError(
        `parameter ${JSON.stringify(name)}`,
        "it is not the name of a variable or of an object's field",
        "a name like epochs or config.epochs",
      );
    }
    const dot = name.lastIndexOf(".");
    if (dot < 0) lines.push(`let ${name} = ${JSON.stringify(value)};`);
    else {
      const record = name.slice(0, dot);
      records.set(record, { ...records.get(record), [name.slice(dot + 1)]: value });
    }
  }
  for (const [record, fields] of records) lines.push(`Object.assign(${record}, ${JSON.stringify(fields)});`);
  return lines.join("\n");
}

function freeId(cells: readonly Cell[]): string {
  const taken = new Set(cells.map(({ id }) => id));
  let id = "injected-parameters";
  for (let n = 2; taken.has(id); n++) id = `injected-parameters-${n}`;
  return id;
}

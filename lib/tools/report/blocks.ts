import { isJsonObject, type JsonObject, metricsMime } from "@gradbook/base";
import {
  type CodeCell,
  cellTags,
  type ErrorOutput,
  type Notebook,
  type Output,
  type TextCell,
} from "@gradbook/kernel/internal";
import type { Block, Contents } from "./block.js";
import { type FrontMatter, frontMatter } from "./front-matter.js";
import { hiding } from "./hiding.js";
import type { Omissions } from "./omissions.js";
import { longestProse, mostHtml, type OutputContext, readBundle } from "./outputs.js";
import { terminalText } from "./terminal-text.js";

/**
 * Takes an executed notebook apart. Figures, tables and pictures of the same name get `-2`, `-3`, … behind it.
 * @param fallbackTitle when no heading of the first level is there
 * @param omissions told of everything that is not taken over
 * @param given stands before what the notebook says of its title and authors
 */
export async function contents(
  whole: Notebook,
  fallbackTitle: string,
  omissions: Omissions,
  given: Partial<FrontMatter> = {},
): Promise<Contents> {
  const { front: own, notebook } = frontMatter(whole, omissions);
  const front = { ...own, ...given };
  const pieces: (readonly Block[])[] = [];
  const unused = namer();
  const room = { html: mostHtml };
  let cellNumber = 0;
  for (const [order, cell] of notebook.cells.entries()) {
    if (cell.cell_type === "code") {
      cellNumber++;
      const place = { order, words: `cell ${cellNumber}` };
      pieces.push(await codeCell(cell, cellNumber, { place, omissions, unused, room, areShown: front.code }));
    } else {
      const words = cellNumber === 0 ? "text before cell 1" : `text after cell ${cellNumber}`;
      pieces.push(await textCell(cell, { place: { order, words }, omissions, unused, room }));
    }
  }
  const read = pieces.flat();
  const blocks = front.title === undefined ? read : titled(read, front.title);
  const prose = blocks.flatMap((b) => (b.kind === "prose" ? b.markdown.split("\n") : []));
  const heading = prose.map((line) => firstHeading.exec(line)?.[1]).find((t) => t !== undefined);
  return {
    title: front.title ?? heading ?? fallbackTitle,
    authors: front.authors,
    date: front.date,
    lang: front.lang,
    language: language(notebook),
    blocks,
    metrics: notebookMetrics(notebook),
    config: configSources(notebook),
  };
}

const firstHeading = /^#\s+(.+?)\s*#*$/m;

/** The blocks with a title of their author's in place of the first heading, or before them where there is none. */
function titled(blocks: readonly Block[], title: string): readonly Block[] {
  const at = blocks.findIndex((block) => block.kind === "prose" && firstHeading.test(block.markdown));
  const words = `# ${title.replace(/\s+/g, " ")}`;
  if (at < 0) {
    const place = { order: -1, words: "the title" };
    return [{ kind: "prose", markdown: words, attachments: {}, place }, ...blocks];
  }
  return blocks.map((block, i) =>
    i === at && block.kind === "prose"
      ? { ...block, markdown: block.markdown.replace(firstHeading, () => words) }
      : block,
  );
}

type CellContext = Pick<OutputContext, "place" | "omissions" | "unused" | "room">;

async function codeCell(
  cell: CodeCell,
  number: number,
  context: CellContext & { /** Whether the code of all cells is. */ readonly areShown: boolean },
): Promise<Block[]> {
  const { place, omissions, areShown } = context;
  const { input, output, isCodeWanted } = hiding(cell);
  const isShown = input.how === "shown" && (areShown || isCodeWanted);
  if (cellTags(cell).includes("skip-execution")) omissions.add(place, "not run (tag skip-execution)");
  if (input.how === "removed" && output.how === "removed" && input.by === output.by) {
    omissions.add(place, `the whole cell (${input.by})`);
    return [];
  }
  const blocks: Block[] = [];
  if (cell.source.trim() !== "") {
    if (input.how === "removed") omissions.add(place, `its code (${input.by})`);
    // The page folds all code: one that its author hid looks the same.
    else blocks.push({ kind: "code", source: cell.source, cell: number, place, isShown });
  }
  if (cell.outputs.length === 0) return blocks;
  if (output.how === "removed") {
    omissions.add(place, `its output (${output.by})`);
    return blocks;
  }
  const outputs: (readonly Block[])[] = [];
  for (const one of cell.outputs) outputs.push(await outputBlocks(one, number, context));
  const shown = outputs.flat();
  if (output.how === "shown") return [...blocks, ...shown];
  if (shown.length === 0) return blocks;
  omissions.add(place, `its output is folded on the page and left out of the PDF (${output.by})`);
  return [...blocks, { kind: "folded", summary: `Output of cell ${number}`, blocks: shown }];
}

async function outputBlocks(output: Output, cell: number, context: CellContext): Promise<readonly Block[]> {
  switch (output.output_type) {
    case "stream":
      return printed(output.text, output.name, context);
    case "error":
      return printed(errorText(output), "error", context);
    case "display_data":
    case "execute_result": {
      const plain = output.data["text/plain"];
      const words = { cell, metadata: output.metadata, text: typeof plain === "string" ? plain : "" };
      const blocks = await readBundle(output.data, { ...context, ...words });
      for (const block of blocks) if (block.kind === "text") tellCut(block, context);
      return blocks;
    }
    default:
      return output satisfies never;
  }
}

/** The error's sentence and its stack, whose first line often is that sentence. */
function errorText({ ename, evalue, traceback }: ErrorOutput): string {
  const sentence = `${ename}: ${evalue}`;
  const stack = traceback.join("\n");
  return terminalText(stack).text.startsWith(sentence) ? stack : `${sentence}\n${stack}`;
}

function printed(
  output: string,
  stream: Extract<Block, { kind: "text" }>["stream"],
  context: CellContext,
): Block[] {
  const block = { kind: "text", text: terminalText(output), stream, place: context.place } as const;
  tellCut(block, context);
  return [block];
}

function tellCut(
  { text, stream }: Extract<Block, { kind: "text" }>,
  { place, omissions }: CellContext,
): void {
  const name = stream === "result" ? "its text" : stream;
  if (text.left !== "") omissions.add(place, `${text.left} of ${name} (in the executed notebook)`);
}

/** Text between the code: Markdown, and raw cells, which are taken as what they say they are. */
async function textCell(cell: TextCell, context: CellContext): Promise<readonly Block[]> {
  const { place, omissions } = context;
  const { input } = hiding(cell);
  if (cell.source.trim() === "") return [];
  if (input.how === "removed") {
    omissions.add(place, `the text (${input.by})`);
    return [];
  }
  const prose: Block = { kind: "prose", markdown: cell.source, attachments: cell.attachments ?? {}, place };
  const isLong = cell.source.length > longestProse;
  if (isLong) omissions.add(place, `its Markdown is shown as it is typed (${cell.source.length} characters)`);
  const markdown = isLong ? printed(cell.source, "raw", context) : [prose];
  const blocks = cell.cell_type === "markdown" ? markdown : await rawCell(cell, context);
  if (input.how === "shown") return blocks;
  omissions.add(place, `the text is folded on the page and left out of the PDF (${input.by})`);
  return [{ kind: "folded", summary: "Text", blocks }];
}

/** A raw cell is for other programs, by its format; what is no HTML or Markdown stands as it is typed. */
async function rawCell(cell: TextCell, context: CellContext): Promise<readonly Block[]> {
  const { format, raw_mimetype = format } = cell.metadata;
  if (raw_mimetype !== "text/html" && raw_mimetype !== "text/markdown") {
    return printed(cell.source, "raw", context);
  }
  const words = { cell: 0, metadata: {}, text: "" };
  return readBundle({ [raw_mimetype]: cell.source, "text/plain": cell.source }, { ...context, ...words });
}

/** All `metrics(…)` of a notebook, merged; a later key wins. */
export function notebookMetrics(notebook: Notebook): JsonObject {
  let all: JsonObject = {};
  for (const cell of notebook.cells) {
    for (const output of cell.cell_type === "code" ? cell.outputs : []) {
      const found = "data" in output ? output.data[metricsMime] : undefined;
      if (isJsonObject(found)) all = { ...all, ...found };
    }
  }
  return all;
}

/** What the notebook says of its code; a notebook that says nothing is one of ours. */
function language({ metadata }: Notebook): string {
  const { language_info: info, kernelspec } = metadata;
  const named = [
    isJsonObject(info) ? info.name : undefined,
    isJsonObject(kernelspec) ? kernelspec.language : undefined,
  ];
  return named.find((name) => typeof name === "string") ?? "typescript";
}

/** The cells tagged as parameters or config; else the first code cell, where every notebook of ours has its config. */
function configSources(notebook: Notebook): readonly string[] {
  const code = notebook.cells.filter((cell) => cell.cell_type === "code");
  const known = ["parameters", "injected-parameters", "config"];
  const tagged = code.filter((cell) => cellTags(cell).some((tag) => known.includes(tag)));
  return (tagged.length > 0 ? tagged : code.slice(0, 1)).map((cell) => cell.source);
}

/** Gives each name once: the second figure of a name is `name-2`. */
function namer(): (name: string) => string {
  const counts = new Map<string, number>();
  return (name) => {
    let free = name;
    let n = counts.get(name) ?? 1;
    while (counts.has(free)) free = `${name}-${++n}`;
    counts.set(name, n);
    if (free !== name) counts.set(free, 1);
    return free;
  };
}

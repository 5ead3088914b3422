import type { Figure, Table } from "@gradbook/core";
import { escapeHtml, heading } from "@gradbook/core/internal";
import { pageBundle } from "../render/still.js";
import { anyUri } from "./any-picture.js";
import type { Artist, FigureFiles } from "./artist.js";
import { type Block, type Contents, flat } from "./block.js";
import { references } from "./cross-references.js";
import { Footnotes } from "./footnotes.js";
import { authorLine } from "./front-matter.js";
import { highlighter } from "./highlight.js";
import { scriptJson } from "./html.js";
import type { Omissions } from "./omissions.js";
import { figureSvg } from "./page-figure.js";
import { pageFonts } from "./page-fonts.js";
import { contentPolicy, type PagePrograms, programElements } from "./page-programs.js";
import { pageScript } from "./page-script.js";
import { pageStyle } from "./page-style.js";
import { type Heading, proseWriter } from "./prose.js";
import { areNumbers, typesetNumber } from "./typeset-number.js";

/** What page and PDF need besides the notebook's contents. */
export interface ReportParts {
  /** Facts under the title, e.g. "quick scale", "12 runs". */
  readonly facts: readonly string[];
  /** Each figure, drawn, by its name. */
  readonly drawn: ReadonlyMap<string, FigureFiles>;
  /** Files of each figure and table, relative to the page, e.g. `figures/x.svg`; shown as links. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Term and value, at the foot. */
  readonly provenance: readonly (readonly [string, string])[];
  /** Draws what the notebook brought as SVG. */
  readonly artist: Artist;
  /** Files beside the page that it links to in its head. */
  readonly documents: readonly string[];
  /** What the report does not hold; what page and PDF find themselves is added. */
  readonly omissions: Omissions;
}

export interface PageParts extends ReportParts {
  /** Sources of the programs that interactive figures need; empty without such figures. */
  readonly programs: PagePrograms;
}

/** The page's text, in HTML, and its sections. */
export interface PageBody {
  readonly html: string;
  readonly headings: readonly Heading[];
  /** The figures that can be made interactive, by their names. */
  readonly live: ReadonlyMap<string, Figure>;
}

/**
 * Letters of a page, pictures included: a browser opens it at once, and it goes through a mail. Whoever needs more has
 * the executed notebook and the files beside the page.
 */
const limits = { block: 6e6, body: 16e6, drawing: 1.5e6, live: 6e6 } as const;

/** Writes all blocks, and tells what is missing of them; what it throws on is shown as it is and told. */
export async function pageBody(contents: Contents, parts: ReportParts): Promise<PageBody> {
  const texts = flat(contents.blocks).flatMap((block) => (block.kind === "prose" ? [block.markdown] : []));
  const footnotes = new Footnotes(texts);
  const write = await proseWriter({ references: references(contents.blocks), footnotes });
  const highlight = await highlighter();
  const headings: Heading[] = [];
  let figures = 0;
  let tables = 0;
  const live = liveFigures(contents.blocks, parts.omissions);
  let room: number = limits.body;
  const html = async (blocks: readonly Block[]): Promise<string> => {
    const body: string[] = [];
    for (const block of blocks)
      body.push(block.kind === "folded" ? await blockHtml(block) : fitted(block, await blockHtml(block)));
    return body.join("\n");
  };
  const fitted = (block: Exclude<Block, { kind: "folded" }>, whole: string): string => {
    if (whole.length <= Math.min(limits.block, room)) {
      room -= whole.length;
      return whole;
    }
    const why = whole.length > limits.block ? "too much for a page" : "the page is full";
    const what = `${words[block.kind]} of ${(whole.length / 1e6).toFixed(1)} MB (${why}; it is in the executed notebook)`;
    if (block.kind !== "left") parts.omissions.add(block.place, what);
    return `<p class="missing">[left out: ${escapeHtml(what)}]</p>`;
  };
  const blockHtml = async (block: Block): Promise<string> => {
    switch (block.kind) {
      case "prose":
        return proseHtml(block);
      case "figure":
        return figureHtml(block, ++figures, parts, live.has(block.name));
      case "table":
        return tableHtml(block.table, block.name, ++tables, parts);
      case "folded": {
        const inside = await html(block.blocks);
        return `<details class="folded"><summary>${escapeHtml(block.summary)}</summary>\n${inside}\n</details>`;
      }
      case "code": {
        const code = await highlight(block.source, contents.language);
        return `<details class="code"><summary>Code of cell ${block.cell}</summary><pre tabindex="0"><code>${code}</code></pre></details>`;
      }
      default:
        return otherHtml(block);
    }
  };
  const proseHtml = async ({ markdown, attachments, place }: Extract<Block, { kind: "prose" }>) => {
    try {
      const prose = await write(markdown, attachments);
      headings.push(...prose.headings);
      for (const what of prose.left) parts.omissions.add(place, what);
      return prose.html;
    } catch (error) {
      parts.omissions.add(place, `its Markdown is shown as it is typed (${whyUnread(error)})`);
      return `<pre class="out raw" tabindex="0">${escapeHtml(markdown)}</pre>`;
    }
  };
  const body = await html(contents.blocks);
  return { html: `${body}\n${footnotes.list()}`, headings, live };
}

const words: Record<Exclude<Block["kind"], "folded">, string> = {
  prose: "text",
  code: "code",
  figure: "a figure",
  table: "a table",
  picture: "a picture",
  text: "printed text",
  html: "HTML",
  left: "an output",
};

/** Figures whose JSON the page holds too, as far as there is room; of the others it is told. */
function liveFigures(blocks: readonly Block[], omissions: Omissions): ReadonlyMap<string, Figure> {
  const live = new Map<string, Figure>();
  let room: number = limits.live;
  for (const block of flat(blocks)) {
    if (block.kind !== "figure" || pageBundle(block.figure) === null) continue;
    const size = JSON.stringify(block.figure).length;
    if (size <= room) {
      room -= size;
      live.set(block.name, block.figure);
    } else {
      const what = `figure ${block.name}: not interactive on the page (${(size / 1e6).toFixed(1)} MB of data)`;
      omissions.add(block.place, what);
    }
  }
  return live;
}

/** Why something could not be read, without words of the engine for a stack that was full. */
export function whyUnread(error: unknown): string {
  if (error instanceof RangeError) return "nested too deep";
  return error instanceof Error ? error.message : String(error);
}

/** The report as one HTML file that needs nothing else: no network, no font of the system, no script to be read. */
export function reportPage(contents: Contents, { html, headings, live }: PageBody, parts: PageParts): string {
  const figures = Object.fromEntries([...live].map(([name, figure]) => [`fig-${name}`, figure]));
  const documents = parts.documents.map(
    (file) => `<a href="${escapeHtml(encodeURI(file))}">${escapeHtml(file)}</a>`,
  );
  const authors = authorLine(contents.authors);
  const facts =
    `${authors === "" ? "" : `<p class="authors">${escapeHtml(authors)}</p>\n`}<p class="facts">${[
      contents.date,
      ...parts.facts,
    ]
      .filter((fact) => fact !== "")
      .map(escapeHtml)
      .join(" · ")}</p>\n` + `<p class="links documents">${documents.join(" ")}</p>`;
  const opened = /<h1[ >]/.test(html)
    ? html.replace(/<\/h1>/, () => `</h1>\n${facts}\n${navigation(headings)}`)
    : `<h1>${escapeHtml(contents.title)}</h1>\n${facts}\n${navigation(headings)}\n${html}`;

  const content = `${opened}\n${leftOut(parts.omissions)}${footer(parts.provenance)}`;
  const { programs } = parts;

  return `<!doctype html>
<html lang="${escapeHtml(contents.lang)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(programs)}">
<meta name="generator" content="gradbook">
${authors === "" ? "" : `<meta name="author" content="${escapeHtml(authors)}">\n`}<title>${escapeHtml(contents.title)}</title>
<style>${pageFonts(content)}${pageStyle}</style>
</head>
<body>
<main>
${content}
</main>
<script type="application/json" id="figure-data">${scriptJson(figures)}</script>
${programElements(programs)}<script>${pageScript}</script>
</body>
</html>
`;
}

/** What the report does not hold, for whoever reads it. */
function leftOut(omissions: Omissions): string {
  const items = omissions
    .list()
    .map(({ place, what }) => `<li>${escapeHtml(place)}: ${escapeHtml(what)}</li>`);
  if (items.length === 0) return "";
  return `<section class="left-out"><p><strong>Left out of this report</strong></p>\n<ul>${items.join("\n")}</ul></section>\n`;
}

function figureHtml(
  block: Extract<Block, { kind: "figure" }>,
  number: number,
  parts: ReportParts,
  isLive: boolean,
): string {
  const { name, figure } = block;
  const { caption, title } = figure.layout.meta;
  const { width } = figure.layout;
  const { svg = "", said = [], files = [] } = parts.drawn.get(name) ?? {};
  const png = files.find(([ending]) => ending === "@2x.png")?.[1];
  const isHeavy = svg.length > limits.drawing && png !== undefined;
  const drawing = isHeavy
    ? `<img src="data:image/png;base64,${Buffer.from(png).toString("base64")}" alt="${escapeHtml(figure.layout.meta.description)}" width="${width}">`
    : figureSvg(svg, width);
  const links = fileLinks(name, parts);
  const button = isLive
    ? `<button type="button" data-figure="fig-${name}" aria-pressed="false" hidden>Interactive</button>`
    : "";
  const words = said.length === 0 ? "" : `Not drawn in this picture: ${said.join(", ")}. `;
  const note = words === "" ? "" : `<span class="note">${escapeHtml(words)}</span>`;
  return `<figure id="fig-${name}">
<div class="picture" tabindex="0">${drawing}</div>
<figcaption><strong>Figure ${number}.</strong> ${escapeHtml(caption === "" ? title : caption)}
${note}<span class="links">${links}${button}</span></figcaption>
</figure>`;
}

function tableHtml(table: Table, name: string, number: number, parts: ReportParts): string {
  const isNumeric = table.columns.map(
    ({ numeric }, c) => numeric || areNumbers(table.rows.map((row) => row[c].text)),
  );
  const kind = (c: number) => (isNumeric[c] ? ' class="number"' : "");
  const head = table.columns.map(
    (column, c) => `<th scope="col"${kind(c)}>${escapeHtml(heading(column))}</th>`,
  );
  const cell = (text: string, best: boolean, numeric: boolean) => {
    const html = numeric ? typesetNumber(text) : escapeHtml(text);
    return best ? `<strong>${html}</strong>` : html;
  };
  const rows = table.rows.map((row) => {
    const cells = row.map((c, i) => `<td${kind(i)}>${cell(c.text, c.best, isNumeric[i])}</td>`);
    return `<tr>${cells.join("")}</tr>`;
  });
  const words = `Table ${number}${table.title === "" ? "" : `. ${table.title}`}`;
  const title = table.title === "" ? "" : ` ${escapeHtml(table.title)}.`;
  const note = table.caption === "" ? "" : ` ${escapeHtml(table.caption)}`;
  return `<figure class="tabular" id="table-${name}">
<figcaption><strong>Table ${number}.${title}</strong>${note} <span class="links">${fileLinks(name, parts)}</span></figcaption>
<div class="table" tabindex="0" role="region" aria-label="${escapeHtml(words)}"><table>
<thead><tr>${head.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div>
</figure>`;
}

function otherHtml(
  block: Exclude<Block, { kind: "prose" | "figure" | "table" | "folded" | "code" }>,
): string {
  switch (block.kind) {
    case "picture": {
      const width = ` width="${Math.round(block.width ?? block.picture.width)}"`;
      return `<figure><div class="picture"><img src="${anyUri(block.small ?? block.picture)}" alt="${escapeHtml(block.text)}"${width}></div></figure>`;
    }
    case "text":
      return block.text.text === ""
        ? ""
        : `<pre class="out ${block.stream}" tabindex="0">${block.text.html}</pre>`;
    case "html":
      return /^\s*<table>/.test(block.html)
        ? `<div class="table" tabindex="0">${block.html}</div>`
        : `<div class="html" tabindex="0">${block.html}</div>`;
    case "left":
      return `<p class="missing">[left out: ${escapeHtml(block.what)}]</p>`;
    default:
      return block satisfies never;
  }
}

function fileLinks(name: string, parts: ReportParts): string {
  const files = parts.files.get(name) ?? [];
  return files
    .map((file) => {
      const label = file.slice(file.lastIndexOf("/") + 1 + name.length).replace(/^[.@]/, "");
      return `<a href="${escapeHtml(file)}" download>${escapeHtml(label.toUpperCase().replace("2X.PNG", "PNG 2×"))}</a>`;
    })
    .join("");
}

function navigation(headings: readonly Heading[]): string {
  const sections = headings.filter((h) => h.level === 2);
  if (sections.length < 2) return "";
  const items = sections.map((h) => `<li><a href="#${escapeHtml(encodeURI(h.id))}">${h.text}</a></li>`);
  return `<nav aria-label="Contents"><h2>Contents</h2><ol>${items.join("")}</ol></nav>`;
}

function footer(provenance: ReportParts["provenance"]): string {
  const items = provenance.map(
    ([term, value]) => `<dt>${escapeHtml(term)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  return `<footer><p>Made by gradbook from the executed notebook; the same inputs give the same bytes. Where the files that it links to are missing, gradbook report writes them.</p><dl>${items.join("")}</dl></footer>`;
}

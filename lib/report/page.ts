import { escapeHtml } from "../display/escape.js";
import { heading } from "../display/table-text.js";
import { fontFaces, shownText } from "../figures/render/subset-font.js";
import type { Table } from "../figures/results-table.js";
import type { Block, Contents } from "./blocks.js";
import { scriptJson } from "./html.js";
import { pageScript } from "./page-script.js";
import { pageStyle } from "./page-style.js";
import { type Heading, proseWriter } from "./prose.js";

/** An interactive figure writes other texts than the still one: numbers and the names of its buttons. */
const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i));

/** What page and PDF need besides the notebook's contents. */
export interface ReportParts {
  /** Facts under the title, e.g. "quick scale", "12 runs". */
  readonly facts: readonly string[];
  /** SVG of each figure by its name. */
  readonly svgs: ReadonlyMap<string, string>;
  /** Files of each figure and table, relative to the page, e.g. `figures/x.svg`; shown as links. */
  readonly files: ReadonlyMap<string, readonly string[]>;
  /** Term and value, at the foot. */
  readonly provenance: readonly (readonly [string, string])[];
  /** Files beside the page that it links to in its head. */
  readonly documents: readonly string[];
}

export interface PageParts extends ReportParts {
  /** Source of plotly.js. */
  readonly plotly: string;
}

/** The report as one HTML file that needs nothing else: no network, no font of the system, no script to be read. */
export async function reportPage(contents: Contents, parts: PageParts): Promise<string> {
  const write = await proseWriter();
  const headings: Heading[] = [];
  const body: string[] = [];
  let figureNumber = 0;
  let tableNumber = 0;
  for (const block of contents.blocks) {
    if (block.kind === "prose") {
      const prose = write(block.markdown, block.attachments);
      headings.push(...prose.headings);
      body.push(prose.html);
    } else if (block.kind === "figure") body.push(figureHtml(block, ++figureNumber, parts));
    else if (block.kind === "table") body.push(tableHtml(block.table, block.name, ++tableNumber, parts));
    else body.push(otherHtml(block));
  }
  const figures = Object.fromEntries(
    contents.blocks.flatMap((b) =>
      b.kind === "figure"
        ? [[`fig-${b.name}`, { data: b.figure.data, layout: b.figure.layout }] as const]
        : [],
    ),
  );
  const documents = parts.documents.map(
    (file) => `<a href="${escapeHtml(encodeURI(file))}">${escapeHtml(file)}</a>`,
  );
  const facts =
    `<p class="facts">${parts.facts.map(escapeHtml).join(" · ")}</p>\n` +
    `<p class="links documents">${documents.join(" ")}</p>`;
  const text = body.join("\n");
  const opened = /<h1[ >]/.test(text)
    ? text.replace(/<\/h1>/, () => `</h1>\n${facts}\n${navigation(headings)}`)
    : `<h1>${escapeHtml(contents.title)}</h1>\n${facts}\n${navigation(headings)}\n${text}`;

  const content = `${opened}\n${footer(parts.provenance)}`;

  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data: blob:; font-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="generator" content="gradbook">
<title>${escapeHtml(contents.title)}</title>
<style>${fontFaces(shownText(content) + ascii)}${pageStyle}</style>
</head>
<body>
<main>
${content}
</main>
<script type="application/json" id="figure-data">${scriptJson(figures)}</script>
<script type="text/plain" id="plotly-source">${parts.plotly.replace(/<\/script/gi, "<\\/script").replace(/<!--/g, "<\\!--")}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

function figureHtml(block: Extract<Block, { kind: "figure" }>, number: number, parts: ReportParts): string {
  const { name, figure } = block;
  const { caption, title } = figure.layout.meta;
  const { width } = figure.layout;
  const svg = (parts.svgs.get(name) ?? "").trim();
  const links = fileLinks(name, parts);
  const button = `<button type="button" data-figure="fig-${name}" aria-pressed="false" hidden>Interactive</button>`;
  return `<figure id="fig-${name}">
<div class="picture">${svg.replace("<svg ", `<svg data-width="${width}" `)}</div>
<figcaption><strong>Figure ${number}.</strong> ${escapeHtml(caption === "" ? title : caption)}
<span class="links">${links}${button}</span></figcaption>
</figure>`;
}

function tableHtml(table: Table, name: string, number: number, parts: ReportParts): string {
  const kind = (c: number) => (table.columns[c].numeric ? ' class="number"' : "");
  const head = table.columns.map(
    (column, c) => `<th scope="col"${kind(c)}>${escapeHtml(heading(column))}</th>`,
  );
  const cell = (text: string, best: boolean) =>
    best ? `<strong>${escapeHtml(text)}</strong>` : escapeHtml(text);
  const rows = table.rows.map(
    (row) => `<tr>${row.map((c, i) => `<td${kind(i)}>${cell(c.text, c.best)}</td>`).join("")}</tr>`,
  );
  const title = table.title === "" ? `Table ${number}.` : `Table ${number}. ${table.title}`;
  const note = table.caption === "" ? "" : `<span class="note">${escapeHtml(table.caption)}</span> `;
  return `<div class="table" id="table-${name}" tabindex="0" role="region" aria-label="${escapeHtml(title)}"><table>
<caption>${escapeHtml(title)}${note === "" ? "" : "."} ${note}<span class="links">${fileLinks(name, parts)}</span></caption>
<thead><tr>${head.join("")}</tr></thead>
<tbody>
${rows.join("\n")}
</tbody></table></div>`;
}

function otherHtml(block: Block): string {
  switch (block.kind) {
    case "code":
      return `<details class="code"><summary>Code of cell ${block.cell}</summary><pre tabindex="0"><code>${escapeHtml(block.source)}</code></pre></details>`;
    case "picture": {
      const width = block.width === null ? "" : ` width="${Math.round(block.width)}"`;
      return `<figure><div class="picture"><img src="data:image/png;base64,${block.png.replace(/[^A-Za-z0-9+/=]/g, "")}" alt="${escapeHtml(block.text)}"${width}></div></figure>`;
    }
    case "text":
      return block.text === ""
        ? ""
        : `<pre class="out ${block.stream}" tabindex="0">${escapeHtml(block.text)}</pre>`;
    case "html":
      return `<div class="table" tabindex="0">${block.html}</div>`;
    case "error":
      return `<pre class="out error" tabindex="0">${escapeHtml(block.text)}</pre>`;
    default:
      return "";
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
  return `<footer><p>Made by gradbook from the executed notebook; the same inputs give the same bytes.</p><dl>${items.join("")}</dl></footer>`;
}

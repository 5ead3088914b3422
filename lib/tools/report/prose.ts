import type { MimeBundle } from "@gradbook/base";
import { escapeHtml } from "@gradbook/core/internal";
import type { Marked, Token, Tokens } from "marked";
import { formulas } from "../render/formula.js";
import { anyUri, leftOf } from "./any-picture.js";
import { type References, referenceExtension } from "./cross-references.js";
import { Footnotes } from "./footnotes.js";
import { type Highlighter, highlighter } from "./highlight.js";
import { mathExtension } from "./math-extension.js";
import { type ProsePictures, prosePictures, withAttachments } from "./prose-pictures.js";
import { sanitizeHtml } from "./sanitize.js";

export interface Heading {
  readonly level: number;
  /** HTML without elements but those of its formulas. */
  readonly text: string;
  readonly id: string;
}

export interface Prose {
  readonly html: string;
  readonly headings: readonly Heading[];
  /** What is not shown as its author wrote it, e.g. `picture x.png: a picture on a network`. */
  readonly left: readonly string[];
}

/** Markdown → HTML for one report; the ids of its headings are unique over all its cells. */
export type ProseWriter = (
  markdown: string,
  attachments: Readonly<Record<string, MimeBundle>>,
) => Promise<Prose>;

/** What a text may name that stands elsewhere in the report. */
export interface ProseContext {
  readonly references: References;
  readonly footnotes: Footnotes;
}

/** Elements without attributes that need no cleaning. */
const harmless =
  /^<\/?(?:b|i|em|strong|sub|sup|kbd|code|br|hr|small|mark|del|ins|p|ul|ol|li|details|summary|blockquote)\s*\/?>$/i;

/** Marks of what is put in after the HTML was cleaned; no text can hold them. */
const [open, close] = ["\ue000", "\ue001"];
const mark = (index: number) => `${open}${index}${close}`;
const marks = /\ue000(\d+)\ue001/g;

const callout = /^\[!(note|tip|important|warning|caution)\][ \t]*(?:\n|$)/i;

/**
 * GitHub's Markdown with TeX between `$…$`, `$$…$$` and `\begin…\end`, as JupyterLab reads it. Written by whoever
 * wrote the notebook, so its HTML is cleaned, links go to the web or into the page, and pictures are only those that
 * the notebook carries itself: the page asks for nothing from a network.
 */
export async function proseWriter({
  references = new Map(),
  footnotes = new Footnotes(),
}: Partial<ProseContext> = {}): Promise<ProseWriter> {
  const { Marked, Renderer } = await import("marked");
  const formula = await formulas();
  const highlight = await highlighter();
  const ids = new Map<string, number>();
  let page: PageParts = newParts(new Map(), new Map());

  const draw = (tex: string, display: boolean): string => {
    const source = tex.trim();
    const place = (html: string) => page.insert(html);
    try {
      const drawn = formula(source, display);
      if (drawn.problem !== undefined) page.left.add(`formula ${source.slice(0, 60)}: ${drawn.problem}`);
      const svg = drawn.svg.replace("<svg ", `<svg aria-label="${escapeHtml(source)}" `);
      return place(display ? displayed(svg) : `<span class="math">${svg}</span>`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      page.left.add(`formula ${source.slice(0, 60)}: ${why}`);
      return place(`<code class="bad-math" title="${escapeHtml(why)}">${escapeHtml(source)}</code>`);
    }
  };

  const insert = (html: string) => page.insert(html);
  const missing = (name: string) => page.left.add(`reference @${name}: the report has nothing of that name`);
  const extensions = [
    mathExtension(draw),
    footnotes.extension(insert),
    referenceExtension(references, insert, missing),
  ];
  const marked = new Marked({ gfm: true }, ...extensions, {
    renderer: {
      blockquote({ tokens, text }: Tokens.Blockquote): string {
        const [, kind] = callout.exec(text) ?? [];
        const html = this.parser.parse(tokens);
        if (kind === undefined) return `<blockquote>\n${html}</blockquote>\n`;
        const name = kind.toLowerCase();
        const title = name[0].toUpperCase() + name.slice(1);
        const body = html.replace(/^<p>\[![a-z]+\]\s*/i, "<p>").replace(/^<p><\/p>\n?/, "");
        const start = `<div class="callout callout-${name}" role="note"><p class="callout-title">${title}</p>`;
        return `${insert(start)}\n${body}${insert("</div>")}\n`;
      },
      code({ text, lang }: Tokens.Code): string {
        return insert(
          `<pre tabindex="0"><code>${page.code.get(codeKey(text, lang)) ?? escapeHtml(text)}</code></pre>\n`,
        );
      },
      table(token: Tokens.Table): string {
        const table = Renderer.prototype.table.call(this, token);
        return `${insert('<div class="table" tabindex="0">')}${table}${insert("</div>")}\n`;
      },
      heading({ tokens, depth, text }: Tokens.Heading): string {
        const base =
          text
            .toLowerCase()
            .replace(/[^\p{L}\p{N}]+/gu, "-")
            .replace(/^-|-$/g, "") || "section";
        const seen = ids.get(base) ?? 0;
        ids.set(base, seen + 1);
        const id = seen === 0 ? base : `${base}-${seen + 1}`;
        const html = this.parser.parseInline(tokens);
        page.headings.push({ level: depth, text: html.replace(/<[^>]*>/g, ""), id });
        return `<h${depth} title="${page.insert(escapeHtml(id))}">${html}</h${depth}>\n`;
      },
      html({ text }: Tokens.HTML | Tokens.Tag): string {
        const parts = text.split(/(<[^>]*>)/).map((part) => (/^<!--.*-->$/s.test(part) ? "" : part));
        if (
          parts.some((part, i) => (i % 2 === 1 ? part !== "" && !harmless.test(part) : part.includes("<")))
        ) {
          page.isForeign = true;
        }
        return parts.join("");
      },
      link({ href, tokens }: Tokens.Link): string {
        const inner = this.parser.parseInline(tokens);
        if (/^(?:https?:|mailto:|#|[^:]*$)/i.test(href)) return `<a href="${escapeHtml(href)}">${inner}</a>`;
        page.left.add(`a link to ${href.slice(0, 40)}`);
        return inner;
      },
      image({ href, text }: Tokens.Image): string {
        const picture = page.pictures.get(href) ?? "not checked";
        if (typeof picture !== "string") {
          for (const what of leftOf(picture))
            page.left.add(`of picture ${(text || href).slice(0, 60)}: ${what}`);
          return page.insert(`<img src="${anyUri(picture)}" alt="${escapeHtml(text)}">`);
        }
        page.left.add(`picture ${(text || href).slice(0, 60)}: ${picture}`);
        return page.insert(`<span class="missing">[picture: ${escapeHtml(text || href)}]</span>`);
      },
      checkbox({ checked }: Tokens.Checkbox): string {
        return page.insert(`<input ${checked ? 'checked="" ' : ""}disabled="" type="checkbox"> `);
      },
    },
  });
  return async (markdown, attachments) => {
    const tokens: Token[] = marked.lexer(markdown.replace(/[\ue000-\ue012]/g, ""));
    page = newParts(
      await prosePictures(tokens, attachments),
      await highlightedCode(marked, tokens, highlight),
    );
    const { inserts, headings, left } = page;
    const html = marked.parser(tokens);
    const clean = page.isForeign ? await cleaned(await withAttachments(html, attachments), left) : html;
    const filled = (text: string) => text.replace(marks, (_, index: string) => inserts[Number(index)]);
    const withIds = clean.replace(/(<h[1-6]) title="(\ue000\d+\ue001)"/g, '$1 id="$2"');
    return {
      // A comma or full stop stays with its formula at the end of a line.
      html: footnotes.takeOut(filled(withIds)).replace(/<\/svg><\/span>([.,;:!?)\]]+)/g, "</svg>$1</span>"),
      headings: headings.map((heading) => ({ ...heading, text: filled(heading.text) })),
      left: [...left],
    };
  };
}

/** What is gathered while one text is written. */
interface PageParts {
  readonly pictures: ProsePictures;
  /** Each block of code in colours, by `codeKey`. */
  readonly code: ReadonlyMap<string, string>;
  readonly inserts: string[];
  readonly headings: Heading[];
  readonly left: Set<string>;
  /** Whether it holds HTML that has to be cleaned. */
  isForeign: boolean;
  /** Keeps a piece of HTML of ours out of the cleaning. */
  insert(html: string): string;
}

function newParts(pictures: ProsePictures, code: PageParts["code"]): PageParts {
  const inserts: string[] = [];
  return {
    pictures,
    code,
    inserts,
    headings: [],
    left: new Set(),
    isForeign: false,
    insert: (html) => mark(inserts.push(html) - 1),
  };
}

function codeKey(text: string, language = ""): string {
  return `${language.split(/[\s{,]/)[0]}\n${text}`;
}

async function highlightedCode(
  marked: Marked,
  tokens: Token[],
  highlight: Highlighter,
): Promise<ReadonlyMap<string, string>> {
  const found: { readonly text: string; readonly lang?: string }[] = [];
  marked.walkTokens(tokens, (token) => {
    if (token.type === "code") found.push({ text: token.text, lang: token.lang });
  });
  const pairs = found.map(async ({ text, lang = "" }) => {
    const key = codeKey(text, lang);
    return [key, await highlight(text, key.slice(0, key.indexOf("\n")))] as const;
  });
  return new Map(await Promise.all(pairs));
}

/**
 * A formula in a line of its own. It shrinks with a narrow screen to two thirds, no further: then its line scrolls, and
 * the keyboard must reach it where it does so on a phone.
 */
function displayed(svg: string): string {
  const narrowest = Number(/ width="([\d.]+)ex"/.exec(svg)?.[1] ?? 0) * 0.66;
  const sized = svg.replace(' style="', () => ` style="min-width: ${narrowest.toFixed(2)}ex; `);
  return `<div class="math"${narrowest > 30 ? ' tabindex="0"' : ""}>${sized}</div>`;
}

async function cleaned(html: string, left: Set<string>): Promise<string> {
  const clean = await sanitizeHtml(html);
  if (typeof clean === "string") {
    left.add(`its HTML (${clean})`);
    return `<pre>${escapeHtml(html)}</pre>`;
  }
  if (clean.left.length > 0) left.add(`of its HTML: ${clean.left.join(", ")}`);
  return clean.html;
}

import type { Tokens } from "marked";
import { escapeHtml } from "../display/escape.js";
import type { MimeBundle } from "../notebook/nbformat.js";
import { formulas } from "./formula.js";
import { mathExtension } from "./math-extension.js";

export interface Heading {
  readonly level: number;
  readonly text: string;
  readonly id: string;
}

export interface Prose {
  readonly html: string;
  readonly headings: readonly Heading[];
}

/** Markdown → HTML for one report; the ids of its headings are unique over all its cells. */
export type ProseWriter = (markdown: string, attachments: Readonly<Record<string, MimeBundle>>) => Prose;

/** Elements that a text may hold as HTML, without attributes; everything else is shown as it is typed. */
const harmless =
  /^<\/?(?:b|i|em|strong|sub|sup|kbd|code|br|hr|small|mark|del|ins|p|ul|ol|li|details|summary|blockquote)\s*\/?>$/i;

/**
 * GitHub's Markdown with TeX between `$…$`, `$$…$$` and `\begin…\end`, as JupyterLab reads it. Written by whoever
 * wrote the notebook, so HTML is taken from a short list, links go to the web or into the page, and pictures are
 * only those that the notebook carries itself: the page asks for nothing from a network.
 */
export async function proseWriter(): Promise<ProseWriter> {
  const { Marked } = await import("marked");
  const formula = await formulas();
  const ids = new Map<string, number>();
  let headings: Heading[] = [];
  let pictures: Readonly<Record<string, MimeBundle>> = {};

  const draw = (tex: string, display: boolean): string => {
    const source = tex.trim();
    try {
      const svg = formula(source, display).replace("<svg ", `<svg aria-label="${escapeHtml(source)}" `);
      return display ? `<div class="math">${svg}</div>` : `<span class="math">${svg}</span>`;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return `<code class="bad-math" title="${escapeHtml(why)}">${escapeHtml(source)}</code>`;
    }
  };

  const marked = new Marked({ gfm: true }, mathExtension(draw), {
    renderer: {
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
        headings.push({
          level: depth,
          text: html.replace(/<svg.*?<\/svg>/gs, "").replace(/<[^>]*>/g, ""),
          id,
        });
        return `<h${depth} id="${escapeHtml(id)}">${html}</h${depth}>\n`;
      },
      html({ text }: Tokens.HTML | Tokens.Tag): string {
        return text
          .split(/(<[^>]*>)/)
          .map((part) => (harmless.test(part) ? part : /^<!--.*-->$/s.test(part) ? "" : escapeHtml(part)))
          .join("");
      },
      link({ href, tokens }: Tokens.Link): string {
        const inner = this.parser.parseInline(tokens);
        return /^(?:https?:|mailto:|#|[^:]*$)/i.test(href)
          ? `<a href="${escapeHtml(href)}">${inner}</a>`
          : inner;
      },
      image({ href, text }: Tokens.Image): string {
        const source = pictureSource(href, pictures);
        if (source === null) return `<span class="missing">[picture: ${escapeHtml(text || href)}]</span>`;
        return `<img src="${source}" alt="${escapeHtml(text)}">`;
      },
    },
  });
  return (markdown, attachments) => {
    headings = [];
    pictures = attachments;
    const html = marked.parse(markdown, { async: false });
    // A comma or full stop stays with its formula at the end of a line.
    return { html: html.replace(/<\/svg><\/span>([.,;:!?)\]]+)/g, "</svg>$1</span>"), headings };
  };
}

/** Pictures inside the notebook: attachments and data URIs of raster images. */
function pictureSource(href: string, attachments: Readonly<Record<string, MimeBundle>>): string | null {
  if (/^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(href)) return href;
  if (!href.startsWith("attachment:")) return null;
  const bundle = attachments[decodeURIComponent(href.slice("attachment:".length))] ?? {};
  for (const mime of ["image/png", "image/jpeg", "image/gif", "image/webp"]) {
    const data = bundle[mime];
    if (typeof data === "string") return `data:${mime};base64,${data.replace(/[^A-Za-z0-9+/=]/g, "")}`;
  }
  return null;
}

import { createHash } from "node:crypto";
import type { Figure } from "@gradbook/core";
import { canonical, family } from "@gradbook/core/internal";
import { exHeight } from "./boxes.js";
import { withFallbacks } from "./fallback-text.js";
import { lettersWithoutShape } from "./font.js";
import { plotlyWindow } from "./plotly-window.js";
import { stillFigure } from "./still.js";
import { fontFaces, shownText } from "./subset-font.js";

/** Where a figure comes from; written into its files. */
export interface Provenance {
  /** File name of the notebook. */
  readonly notebook?: string;
  /** Number of the code cell, from 1. */
  readonly cell?: number;
  /** SHA-256 of the notebook's configuration. */
  readonly config?: string;
  /** Digest of the training run. */
  readonly run?: string;
}

/** SHA-256 of the figure's data and layout, in hexadecimal; the order of keys, which Jupyter changes, does not count. */
export function figureDigest(figure: Figure): string {
  const { data, layout } = figure;
  return createHash("sha256").update(canonical({ data, layout })).digest("hex");
}

/** A figure as SVG. */
export interface RenderedFigure {
  readonly svg: string;
  /** What it says in words only, because nothing but a browser can draw it. */
  readonly said: readonly string[];
}

/**
 * Draws a figure as SVG: text stays text, images are inside, no reference leads outside.
 * The same figure gives the same bytes in every process.
 * @returns a document of `layout.width × layout.height` pixels
 */
export async function renderStill(figure: Figure, provenance: Provenance = {}): Promise<RenderedFigure> {
  const digest = figureDigest(figure);
  const { data, layout, bundle, said } = await stillFigure(figure);
  const window = await plotlyWindow(bundle);
  const drawn = await window.draw(
    canonical({ data, layout }),
    layout,
    Number.parseInt(digest.slice(0, 8), 16),
  );
  const { title, caption, description } = figure.layout.meta;
  const about = [
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    `<metadata>${escapeXml(JSON.stringify({ figure: digest, ...provenance, ...(caption === "" ? {} : { caption }) }))}</metadata>`,
  ].join("");
  const opening = drawn.indexOf(">") + 1;
  const root = `<svg role="img" font-family="${escapeXml(family)}" `;
  const head = drawn.slice(0, opening).replace("<svg ", root).replace(' style=""', "");
  const body = tidy(drawn.slice(opening));
  const lost = lettersWithoutShape(shownText(body));
  return { svg: `${head}${about}${withFallbacks(body)}\n`, said: lost === "" ? said : [...said, lost] };
}

/** The SVG of `renderStill` alone. */
export async function renderSvg(figure: Figure, provenance: Provenance = {}): Promise<string> {
  return (await renderStill(figure, provenance)).svg;
}

/**
 * Makes Plotly's attributes readable for every renderer: no quotes inside `url(…)`, one word for "don't smooth" in
 * place of the list of all that browsers ever knew, and the font, the same for all texts, only at the root.
 */
function tidy(svg: string): string {
  const sized = svg.replace(/<svg [^>]*class="[^"]*-math"[^>]*>/g, inPixels);
  return sized.replace(/ (?:style|clip-path|fill|stroke)="[^"]*"/g, (attribute) =>
    attribute
      .replace(/url\((?:'|&quot;|&apos;)#([^'&)]+)(?:'|&quot;|&apos;)\)/g, "url(#$1)")
      .replace(/font-family: ?(?:&quot;|[^;"])*;? ?/g, "")
      .replace(/(?:image-rendering: ?[a-z-]+;? ?)+/gi, pixelated),
  );
}

/** A formula's size in pixels: `ex` is another length in each renderer. It is a part of the picture, not one of its own. */
function inPixels(formula: string): string {
  const size = Number(/font-size: ?([\d.]+)px/.exec(formula)?.[1] ?? 12);
  return formula
    .replace(
      / (width|height)="([\d.]+)ex"/g,
      (_, side, ex) => ` ${side}="${Number((ex * size * exHeight).toFixed(3))}"`,
    )
    .replace(/vertical-align: [^;"]*;? ?| role="img"| focusable="false"/g, "");
}

const pixelated = "image-rendering: pixelated;";

/** The SVG with the font inside, for a file that stands alone: it looks the same where the font is not installed. */
export function withFont(svg: string): string {
  const style = `<defs><style>${fontFaces(shownText(svg))}</style></defs>`;
  return svg.replace("<title>", `${style}<title>`);
}

/** The same SVG for renderers that know only SVG 1.1's word for "don't smooth". */
export function forSvg11(svg: string): string {
  return svg.replaceAll(pixelated, "image-rendering: optimizeSpeed;");
}

export function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

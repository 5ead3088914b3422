import { renderPdf } from "../figures/render/pdf.js";
import { renderPng } from "../figures/render/raster.js";
import { type Provenance, renderStill, withFont } from "../figures/render/svg.js";
import { wordsFigure } from "../figures/render/words.js";
import type { Block } from "./block.js";
import type { FileSet } from "./folder.js";
import type { Omissions } from "./omissions.js";

/** A figure as page and PDF show it. */
export interface DrawnFigure {
  readonly svg: string;
  /** What the picture does not show. */
  readonly said: readonly string[];
}

/** Draws a figure in all its forms; one that Plotly fails on is a picture that says so. */
export async function drawFigure(
  block: Extract<Block, { kind: "figure" }>,
  about: Provenance,
  omissions: Omissions,
): Promise<{ readonly drawn: DrawnFigure; readonly files: FileSet }> {
  const { name, figure, place } = block;
  let drawn: DrawnFigure;
  try {
    drawn = await renderStill(figure, about);
  } catch (error) {
    const why = `Plotly cannot draw it (${error instanceof Error ? error.message : String(error)})`;
    drawn = { ...(await renderStill(wordsFigure(figure, why), about)), said: [why] };
  }
  for (const what of drawn.said)
    omissions.add(place, `figure ${name}: not drawn in SVG, PNG and PDF: ${what}`);
  const { svg } = drawn;
  const files = new Map<string, string | Uint8Array>([
    [`figures/${name}.svg`, withFont(svg)],
    [`figures/${name}.png`, await renderPng(svg, 1, about)],
    [`figures/${name}@2x.png`, await renderPng(svg, 2, about)],
    [`figures/${name}.pdf`, await renderPdf(svg, figure, about)],
  ]);
  return { drawn, files };
}

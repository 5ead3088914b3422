import type { Figure } from "@gradbook/core";
import { withOutlines } from "./outlined-text.js";
import { embedImages, newPdf, type PdfDocument, pdfBytes, type SvgToPdf } from "./pdf-document.js";
import { renderPng } from "./raster.js";
import { forSvg11, type Provenance } from "./svg.js";

/** CSS pixels are 1/96 inch, a PDF's points 1/72. */
export const pointsPerPixel = 0.75;

/** Above so many elements the converter takes minutes, and a PDF reader too. */
const mostElements = 6000;

/** A figure as PDF. */
export interface PdfFigure {
  readonly pdf: Uint8Array;
  /** The pixels that stand in it in place of lines and letters, when there were too many of them. */
  readonly png?: Uint8Array;
}

/**
 * An SVG of ours as a PDF of one page of the figure's size, with text as text (searchable, in the shipped font).
 * @param figure the figure that the SVG shows, for its size and title
 */
export async function renderPdf(svg: string, figure: Figure, about: Provenance = {}): Promise<Uint8Array> {
  return (await pdfFigure(svg, figure, about)).pdf;
}

/** The same; what the converter cannot take is drawn as pixels, three for each of the figure's. */
export async function pdfFigure(svg: string, figure: Figure, about: Provenance = {}): Promise<PdfFigure> {
  const elements = svg.match(/<(?:path|text|tspan|rect|image|circle|line|use)\b/g)?.length ?? 0;
  if (elements <= mostElements) {
    try {
      const pdf = await page(figure, about, async (doc, svgToPdf, [width, height]) => {
        await embedImages(doc, svg);
        svgToPdf(doc, forPdf(svg), 0, 0, { width, height });
      });
      return { pdf };
    } catch {
      // The converter does not know all of SVG; the pixels of the same drawing lose nothing that is seen.
    }
  }
  const png = await renderPng(svg, 3);
  const pdf = await page(figure, about, async (doc, _, [width]) => {
    const uri = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
    doc.image(uri, 0, 0, { width });
  });
  return { pdf, png };
}

async function page(
  { layout: { width, height, meta } }: Figure,
  about: Provenance,
  draw: (doc: PdfDocument, svgToPdf: SvgToPdf, size: readonly [number, number]) => Promise<void>,
): Promise<Uint8Array> {
  const size = [width * pointsPerPixel, height * pointsPerPixel] as const;
  const { doc, svgToPdf } = await newPdf({
    size,
    margin: 0,
    title: meta.title,
    about: {
      Subject: meta.description,
      Keywords: Object.entries(about)
        .map(([key, value]) => `${key}: ${value}`)
        .join("; "),
    },
  });
  await draw(doc, svgToPdf, size);
  return pdfBytes(doc);
}

/**
 * The converter knows only one weight beside the regular one, and no `rgba(…)` with a zero alpha as "none"; a dash
 * that begins with nothing is none to it.
 */
export function forPdf(svg: string): string {
  return withOutlines(forSvg11(svg))
    .replace(/font-weight: ?600/g, "font-weight: bold")
    .replace(/stroke-dasharray: ?0(?:px)?, ?0(?:px)?, ?/g, "stroke-dasharray: ");
}

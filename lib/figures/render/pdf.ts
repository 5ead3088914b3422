import type { Figure } from "../figure.js";
import { embedImages, newPdf, pdfBytes } from "./pdf-document.js";
import { forSvg11, type Provenance } from "./svg.js";

/** CSS pixels are 1/96 inch, a PDF's points 1/72. */
export const pointsPerPixel = 0.75;

/**
 * An SVG of ours as a PDF of one page of the figure's size, with text as text (searchable, in the shipped font).
 * @param figure the figure that the SVG shows, for its size and title
 */
export async function renderPdf(svg: string, figure: Figure, about: Provenance = {}): Promise<Uint8Array> {
  const { width, height, meta } = figure.layout;
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
  await embedImages(doc, svg);
  svgToPdf(doc, forPdf(svg), 0, 0, { width: size[0], height: size[1] });
  return pdfBytes(doc);
}

/** The converter knows only one weight beside the regular one, and no `rgba(…)` with a zero alpha as "none". */
export function forPdf(svg: string): string {
  return forSvg11(svg).replace(/font-weight: ?600/g, "font-weight: bold");
}

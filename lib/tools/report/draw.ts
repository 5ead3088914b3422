import type { Provenance } from "../render/svg.js";
import { wordsFigure } from "../render/words.js";
import type { Artist, FigureFiles } from "./artist.js";
import type { Block } from "./block.js";
import type { Omissions } from "./omissions.js";

/** Draws a figure in all its forms and tells what they do not show; one that cannot be drawn is a picture that says so. */
export async function drawFigure(
  { name, figure, place }: Extract<Block, { kind: "figure" }>,
  about: Provenance,
  artist: Artist,
  omissions: Omissions,
): Promise<FigureFiles> {
  const drawn = await artist.figure(figure, about).catch(async (error: Error): Promise<FigureFiles> => {
    const why = `Plotly cannot draw it: ${error.message}`;
    return { ...(await artist.figure(wordsFigure(figure, `${why}.`), about)), said: [why] };
  });
  for (const what of drawn.said)
    omissions.add(place, `figure ${name}: not drawn in SVG, PNG and PDF: ${what}`);
  if (drawn.paperPng !== undefined) {
    const why = "too many lines and letters for it, or of a kind that it lacks";
    omissions.add(place, `figure ${name}: pixels in the PDF (${why})`);
  }
  return drawn;
}

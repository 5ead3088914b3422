import { encodePalettePng, encodePng } from "@gradbook/core/internal";
import { fallbacksFor, fontFamily, fontFiles } from "./font.js";
import { withOutlines } from "./outlined-text.js";
import { shownText } from "./subset-font.js";
import { forSvg11, type Provenance } from "./svg.js";

/**
 * An SVG of ours as PNG.
 * @param scale pixels of the picture for each pixel of the figure; 2 for print and sharp screens. Default 1
 * @param about written into the file as text
 */
export async function renderPng(svg: string, scale = 1, about: Provenance = {}): Promise<Uint8Array> {
  const { width, height, pixels } = await rasterize(svg, scale);
  const text = Object.fromEntries(
    Object.entries(about).map(([key, value]) => [`gradbook:${key}`, latin1(String(value))]),
  );
  return encodePng(width, height, pixels, text);
}

/** The same in at most 256 colours and half of the bytes, for pictures that live inside a notebook. */
export async function renderSmallPng(svg: string, scale = 1): Promise<Uint8Array> {
  const { width, height, pixels } = await rasterize(svg, scale);
  return encodePalettePng(width, height, pixels);
}

async function rasterize(svg: string, scale: number) {
  const { Resvg } = await import("@resvg/resvg-js");
  const fallbacks = fallbacksFor(shownText(svg)).map(({ file }) => file);
  const picture = new Resvg(withOutlines(forSvg11(svg)), {
    fitTo: { mode: "zoom", value: scale },
    font: {
      fontFiles: [...fontFiles(), ...fallbacks],
      loadSystemFonts: false,
      defaultFontFamily: fontFamily,
    },
  });
  return picture.render();
}

/** The bytes of a text in UTF-8, as the text of Latin-1 that the format wants: names may be in any script. */
function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

import { concat, encodePalettePng, pngChunk } from "@gradbook/core/internal";
import { fontFamily, fontFiles } from "./font.js";
import { forSvg11, type Provenance } from "./svg.js";

/**
 * An SVG of ours as PNG.
 * @param scale pixels of the picture for each pixel of the figure; 2 for print and sharp screens. Default 1
 * @param about written into the file as text
 */
export async function renderPng(svg: string, scale = 1, about: Provenance = {}): Promise<Uint8Array> {
  return withText((await rasterize(svg, scale)).asPng(), about);
}

/** The same in at most 256 colours and a third of the bytes, for pictures that live inside a notebook. */
export async function renderSmallPng(svg: string, scale = 1): Promise<Uint8Array> {
  const { width, height, pixels } = await rasterize(svg, scale);
  return encodePalettePng(width, height, pixels);
}

async function rasterize(svg: string, scale: number) {
  const { Resvg } = await import("@resvg/resvg-js");
  const picture = new Resvg(forSvg11(svg), {
    fitTo: { mode: "zoom", value: scale },
    font: { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: fontFamily },
  });
  return picture.render();
}

/** Adds text chunks behind the header. */
function withText(png: Uint8Array, about: Provenance): Uint8Array {
  const entries = Object.entries(about);
  if (entries.length === 0) return png;
  const headerEnd = 8 + 25;
  const texts = entries.map(([key, value]) =>
    pngChunk("tEXt", new TextEncoder().encode(`gradbook:${key}\0${value}`)),
  );
  return concat([png.subarray(0, headerEnd), ...texts, png.subarray(headerEnd)]);
}

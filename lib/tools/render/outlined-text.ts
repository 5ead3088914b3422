import { fallbackFonts } from "./fallback-fonts.js";
import { openFont } from "./font.js";
import { withoutEntities } from "./subset-font.js";

/**
 * Draws the runs of scripts whose letters change with their neighbours as outlines: neither the rasterizer nor the
 * converter to PDF joins and stacks them right in every text. In the SVG itself, which browsers draw, they stay text.
 */
export function withOutlines(svg: string): string {
  return svg.replace(/(<text\b[^>]*>)((?:(?!<\/text>)[\s\S])*font-family: '[\s\S]*?)<\/text>/g, outlinedText);
}

function outlinedText(_whole: string, opening: string, inner: string): string {
  const size = Number(/font-size: ?([\d.]+)px/.exec(opening)?.[1] ?? 12);
  const lower = (tag: string, base: number) =>
    Number(/ y="(-?[\d.]+)"/.exec(tag)?.[1] ?? base) +
    Number(/ dy="(-?[\d.]+)em"/.exec(tag)?.[1] ?? 0) * size;
  const first = lower(opening, 0);
  let y = first;
  const paths: string[] = [];
  const rest = inner.replace(
    /<tspan class="line"[^>]*>|<tspan x="(-?[\d.]+)" text-anchor="start" style="font-family: '([^']+)'[^"]*">([^<]*)<\/tspan>/g,
    (tag, x: string | undefined, family: string, content: string) => {
      if (x === undefined) y = lower(tag, first);
      const font = fallbackFonts().find((f) => f.family === family && f.isShaped);
      if (x === undefined || font === undefined) return tag;
      paths.push(outlines(withoutEntities(content), font.file, Number(x), y, size));
      return "";
    },
  );
  const style = [...opening.matchAll(/ (?:style|transform|fill|opacity)="[^"]*"/g)].map(([a]) => a).join("");
  return `${opening}${rest}</text><g${style}>${paths.join("")}</g>`;
}

function outlines(text: string, file: string, x: number, y: number, size: number): string {
  const font = openFont(file);
  const { glyphs, positions } = font.layout(text);
  const scale = size / font.unitsPerEm;
  let at = 0;
  const paths = glyphs.map((glyph, i) => {
    const { xAdvance, xOffset, yOffset } = positions[i];
    const place = `translate(${at + xOffset} ${yOffset})`;
    at += xAdvance;
    return `<path transform="${place}" d="${glyph.path.toSVG()}"/>`;
  });
  return `<g transform="translate(${x} ${y}) scale(${scale} ${-scale})">${paths.join("")}</g>`;
}

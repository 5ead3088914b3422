import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Font } from "fontkit";

const require = createRequire(import.meta.url);

/** The shipped font (SIL Open Font Licence), the only one that figures are drawn with, on every machine. */
export const fontFamily = "Source Sans 3";

/** File of a weight; anything from 550 on is semibold. */
export function fontFile(weight: number, italic = false): string {
  const name = weight >= 550 ? "600SemiBold" : "400Regular";
  const style = italic ? `${name}_Italic` : name;
  const folder = dirname(require.resolve("@expo-google-fonts/source-sans-3/package.json"));
  return join(folder, style, `SourceSans3_${style}.ttf`);
}

export const fontFiles = (): string[] => [fontFile(400), fontFile(600), fontFile(400, true)];

const opened = new Map<string, Font>();

/** Loads fontkit and the two weights once; `measure` needs them. */
export async function loadFonts(): Promise<void> {
  if (opened.size > 0) return;
  const { openSync } = await import("fontkit");
  for (const file of fontFiles()) {
    opened.set(file, openSync(file));
  }
}

/** Letters of a text that the font has no shape for, each once; marks without a width need none. */
export function lettersWithoutShape(text: string): string {
  const font = opened.get(fontFile(400));
  if (font === undefined) throw new Error("loadFonts() was not awaited");
  const letters = new Set(text.replace(/[\s\p{Cf}\p{Cc}\p{Mn}]/gu, ""));
  return [...letters].filter((letter) => !font.hasGlyphForCodePoint(letter.codePointAt(0) ?? 0)).join("");
}

const widths = new Map<string, number>();

/** Width of a line of text in pixels, from the font's own advance widths and kerning. */
export function measure(text: string, pixels: number, weight = 400): number {
  const file = fontFile(weight);
  const key = `${file}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    const font = opened.get(file);
    if (font === undefined) throw new Error("loadFonts() was not awaited");
    width = font.layout(text).advanceWidth / font.unitsPerEm;
    if (widths.size < 20000) widths.set(key, width);
  }
  return width * pixels;
}

/** Above and below the base line, in units of the font size (Source Sans 3: ascent 1.024, descent 0.4). */
export const ascent = 1.024;
export const descent = 0.4;

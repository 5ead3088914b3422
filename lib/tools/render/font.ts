import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Font } from "fontkit";
import { type FallbackFont, fallbackFonts, missingFonts } from "./fallback-fonts.js";

const require = createRequire(import.meta.url);

/** The shipped font (SIL Open Font Licence), which figures are drawn with, on every machine. */
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

/** A font by its file, read once; fontkit is loaded with the first. */
export function openFont(file: string): Font {
  let font = opened.get(file);
  if (font === undefined) {
    const { openSync } = require("fontkit") as typeof import("fontkit");
    font = openSync(file);
    opened.set(file, font);
  }
  return font;
}

/** A piece of a text that one font draws; without `fallback` it is the text's own. */
export interface FontRun {
  readonly text: string;
  readonly fallback?: FallbackFont;
}

/** What the box of a letter stands for that no font here has. */
const box = "□";

/** Marks that change the letter before them belong to its font, if that has them. */
const joining = /^(?:\p{M}|\p{Emoji_Modifier}|\u200c|\u200d)$/u;

/** Characters that are there to be not seen: word joiner, zero-width space, marks of direction, soft hyphen. */
const invisible = /^(?:\p{Cc}|\p{Cf}|\p{Variation_Selector})$/u;

/**
 * Cuts a text into runs of one font each: the text's own where it has the letter, else the first fallback that does.
 * Nothing invisible is left in them, and nothing that would be drawn as a font's "no such glyph".
 * @param file of the text's own font
 */
export function fontRuns(text: string, file: string = fontFile(400)): readonly FontRun[] {
  if (/^[\x20-\x7e]*$/.test(text)) return text === "" ? [] : [{ text }];
  const runs: { text: string; fallback?: FallbackFont }[] = [];
  for (const letter of text.normalize("NFC")) {
    const last = runs.at(-1);
    const code = letter.codePointAt(0) ?? 0;
    const has = (font: FallbackFont | undefined) => openFont(font?.file ?? file).hasGlyphForCodePoint(code);
    if (/[\t\n\r]/.test(letter)) add(" ");
    else if (!joining.test(letter) || /\p{Variation_Selector}/u.test(letter)) {
      if (!invisible.test(letter)) add(letter);
    } else if (last !== undefined && has(last.fallback)) last.text += letter;
    // a mark that the font of its letter lacks; alone it is seen, or nothing
    else if (/\p{M}/u.test(letter) && fallbackOf(letter, file) !== null) add(letter);
  }
  return joinedAtSpaces(runs);

  function add(letter: string): void {
    const fallback = fallbackOf(letter, file);
    const known = fallback === null ? (/\p{Z}/u.test(letter) ? " " : box) : letter;
    const font = fallback ?? fallbackOf(known, file) ?? undefined;
    const last = runs.at(-1);
    if (last !== undefined && last.fallback === font) last.text += known;
    else runs.push(font === undefined ? { text: known } : { text: known, fallback: font });
  }
}

/** The shipped font first, for letters that the monospaced one lacks. */
let chain: readonly FallbackFont[] | undefined;

/** A space between two runs of one font is that font's, so that a sentence is one run: but emoji have wide ones. */
function joinedAtSpaces(runs: readonly FontRun[]): readonly FontRun[] {
  const joined: FontRun[] = [];
  for (const run of runs) {
    const [before, space] = joined.slice(-2);
    const { fallback } = run;
    if (
      space?.text === " " &&
      fallback !== undefined &&
      before?.fallback === fallback &&
      hasNarrowSpace(fallback)
    )
      joined.splice(-2, 2, { text: `${before.text} ${run.text}`, fallback });
    else joined.push(run);
  }
  return joined;
}

function hasNarrowSpace({ file }: FallbackFont): boolean {
  const font = openFont(file);
  return font.hasGlyphForCodePoint(32) && font.layout(" ").advanceWidth < 0.4 * font.unitsPerEm;
}

const found = new Map<string, FallbackFont | undefined | null>();

/** @returns undefined when the text's own font has the letter, null when no font has it */
function fallbackOf(letter: string, file: string): FallbackFont | undefined | null {
  const key = `${file}\n${letter}`;
  let font = found.get(key);
  if (font === undefined && !found.has(key)) {
    chain ??= [{ family: fontFamily, file: fontFile(400), isShaped: false }, ...fallbackFonts()];
    const code = letter.codePointAt(0) ?? 0;
    font = openFont(file).hasGlyphForCodePoint(code)
      ? undefined
      : (chain.find((f) => openFont(f.file).hasGlyphForCodePoint(code)) ?? null);
    found.set(key, font);
  }
  return font;
}

/** The fallback fonts that a text needs. */
export function fallbacksFor(text: string): readonly FallbackFont[] {
  return [...new Set(fontRuns(text).flatMap(({ fallback }) => fallback ?? []))];
}

/** What of a text no font here has, and the package that would; empty when all of it can be drawn. */
export function lettersWithoutShape(text: string): string {
  const letters = [...new Set(text.normalize("NFC").replace(/[\s\p{Z}\p{Cf}\p{Cc}\p{M}]/gu, ""))];
  const lost = letters.filter((letter) => fallbackOf(letter, fontFile(400)) === null).join("");
  if (lost === "") return "";
  const packages = missingFonts(lost);
  const cure =
    packages.length === 0 ? "no font here has them" : `npm install ${packages.join(" ")} adds them`;
  return `${lost} (${cure})`;
}

const widths = new Map<string, number>();

/** Width of a line of text in pixels, from the fonts' own advance widths and kerning. */
export function measure(text: string, pixels: number, weight = 400): number {
  const file = fontFile(weight);
  const key = `${file}\n${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    width = 0;
    for (const run of fontRuns(text, file)) {
      const font = openFont(run.fallback?.file ?? file);
      width += font.layout(run.text).advanceWidth / font.unitsPerEm;
    }
    if (widths.size < 20000) widths.set(key, width);
  }
  return width * pixels;
}

/** Above and below the base line, in units of the font size (Source Sans 3: ascent 1.024, descent 0.4). */
export const ascent = 1.024;
export const descent = 0.4;

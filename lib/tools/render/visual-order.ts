import { createRequire } from "node:module";
import { type FontRun, fontRuns } from "./font.js";

interface Bidi {
  getEmbeddingLevels(
    text: string,
    direction?: "ltr" | "rtl" | "auto",
  ): { readonly levels: Uint8Array; readonly paragraphs: readonly { readonly level: number }[] };
  getMirroredCharacter(letter: string): string | null;
}

let bidi: Bidi | undefined;

function loaded(): Bidi {
  bidi ??= (createRequire(import.meta.url)("bidi-js") as () => Bidi)();
  return bidi;
}

/** Hebrew, Arabic and their kin. */
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Whether any letter of a text is read from the right. */
export function hasRightToLeft(text: string): boolean {
  return rightToLeft.test(text);
}

/** Whether a text is read from the right: its first strong letter decides. */
export function isRightToLeft(text: string): boolean {
  return rightToLeft.test(text) && loaded().getEmbeddingLevels(text, "auto").paragraphs[0]?.level === 1;
}

/** A stretch of a text that is read in one direction. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isRightToLeft: boolean;
}

/**
 * The stretches of a line from left to right as they are seen (Unicode Standard Annex 9, rule L2).
 * @param cuts places at which a stretch ends whatever its direction
 * @param isTurned whether the paragraph is read from the right
 */
export function visualOrder(
  text: string,
  cuts: ReadonlySet<number> = new Set(),
  isTurned = isRightToLeft(text),
): readonly Stretch[] {
  const levels = rightToLeft.test(text)
    ? loaded().getEmbeddingLevels(text, isTurned ? "rtl" : "ltr").levels
    : new Uint8Array(text.length);
  const runs: { start: number; end: number; level: number }[] = [];
  for (let i = 0; i < text.length; i++) {
    const last = runs.at(-1);
    if (last !== undefined && last.level === levels[i] && !cuts.has(i)) last.end = i + 1;
    else runs.push({ start: i, end: i + 1, level: levels[i] });
  }
  for (let level = Math.max(0, ...levels); level > 0; level--) {
    for (let from = 0; from < runs.length; from++) {
      let to = from;
      while (to < runs.length && runs[to].level >= level) to++;
      if (to > from) runs.splice(from, to - from, ...runs.slice(from, to).reverse());
      from = to;
    }
  }
  return runs.map(({ start, end, level }) => ({ start, end, isRightToLeft: level % 2 === 1 }));
}

/** The runs of one font and one direction in a line, from left to right as they are seen. */
export function visualRuns(text: string, file?: string): readonly FontRun[] {
  if (!rightToLeft.test(text)) return fontRuns(text, file);
  return visualOrder(text).flatMap((stretch) => {
    const part = text.slice(stretch.start, stretch.end);
    if (!stretch.isRightToLeft) return fontRuns(part, file);
    // a font turns the letters of a word of these scripts by itself, not the words, nor the signs between them
    return part
      .split(/( )/)
      .flatMap((word) => fontRuns(word, file))
      .map((run) => (rightToLeft.test(run.text) ? run : { ...run, text: mirrored(run.text) }))
      .reverse();
  });
}

function mirrored(text: string): string {
  return [...text]
    .reverse()
    .map((letter) => loaded().getMirroredCharacter(letter) ?? letter)
    .join("");
}

import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

/** A font for letters that the text's own lacks (SIL Open Font Licence). */
export interface FallbackFont {
  readonly family: string;
  readonly file: string;
  /** Its letters change with their neighbours: what shapes them has to stay with them. */
  readonly isShaped: boolean;
}

interface Source {
  readonly family: string;
  readonly isShaped?: true;
  /** Too large for every install (50 to 100 MB): used where somebody has installed it, named where it is missing. */
  readonly optional?: RegExp;
}

/** In the order in which they are asked. */
const sources: readonly Source[] = [
  { family: "Noto Sans Hebrew", isShaped: true },
  { family: "Noto Sans Arabic", isShaped: true },
  { family: "Noto Sans Devanagari", isShaped: true },
  { family: "Noto Sans Thai", isShaped: true },
  { family: "Noto Sans Symbols 2" },
  { family: "Noto Sans Math" },
  { family: "Noto Sans Symbols" },
  { family: "Noto Emoji", isShaped: true },
  {
    family: "Noto Sans JP",
    optional: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u,
  },
  { family: "Noto Sans SC", optional: /\p{Script=Han}/u },
  { family: "Noto Sans KR", optional: /\p{Script=Hangul}/u },
];

const packageOf = (family: string) => `@expo-google-fonts/${family.toLowerCase().replaceAll(" ", "-")}`;

let available: readonly FallbackFont[] | undefined;

/** The fallback fonts that are installed. */
export function fallbackFonts(): readonly FallbackFont[] {
  available ??= sources.flatMap(({ family, isShaped = false }) => {
    const folder = folderOf(family);
    const name = `${family.replaceAll(" ", "")}_400Regular.ttf`;
    return folder === null ? [] : [{ family, file: join(folder, "400Regular", name), isShaped }];
  });
  return available;
}

function folderOf(family: string): string | null {
  try {
    return dirname(require.resolve(`${packageOf(family)}/package.json`));
  } catch {
    return null;
  }
}

/** Packages that are not installed and have some of these letters. */
export function missingFonts(letters: string): string[] {
  return sources
    .filter(({ family, optional }) => optional?.test(letters) === true && folderOf(family) === null)
    .map(({ family }) => packageOf(family));
}

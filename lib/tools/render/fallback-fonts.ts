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
  /** By its whole name: the digest of what renders counts packages by the names that stand in our code. */
  readonly from: string;
  readonly isShaped?: true;
  /** Too large for every install (50 to 100 MB): used where somebody has installed it, named where it is missing. */
  readonly optional?: RegExp;
}

/** In the order in which they are asked. */
const sources: readonly Source[] = [
  { family: "Noto Sans Hebrew", from: "@expo-google-fonts/noto-sans-hebrew", isShaped: true },
  { family: "Noto Sans Arabic", from: "@expo-google-fonts/noto-sans-arabic", isShaped: true },
  { family: "Noto Sans Devanagari", from: "@expo-google-fonts/noto-sans-devanagari", isShaped: true },
  { family: "Noto Sans Thai", from: "@expo-google-fonts/noto-sans-thai", isShaped: true },
  { family: "Noto Sans Symbols 2", from: "@expo-google-fonts/noto-sans-symbols-2" },
  { family: "Noto Sans Math", from: "@expo-google-fonts/noto-sans-math" },
  { family: "Noto Sans Symbols", from: "@expo-google-fonts/noto-sans-symbols" },
  { family: "Noto Emoji", from: "@expo-google-fonts/noto-emoji", isShaped: true },
  {
    family: "Noto Sans JP",
    from: "@expo-google-fonts/noto-sans-jp",
    optional: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u,
  },
  { family: "Noto Sans SC", from: "@expo-google-fonts/noto-sans-sc", optional: /\p{Script=Han}/u },
  { family: "Noto Sans KR", from: "@expo-google-fonts/noto-sans-kr", optional: /\p{Script=Hangul}/u },
];

let available: readonly FallbackFont[] | undefined;

/** The fallback fonts that are installed. */
export function fallbackFonts(): readonly FallbackFont[] {
  available ??= sources.flatMap(({ family, from, isShaped = false }) => {
    const folder = folderOf(from);
    const name = `${family.replaceAll(" ", "")}_400Regular.ttf`;
    return folder === null ? [] : [{ family, file: join(folder, "400Regular", name), isShaped }];
  });
  return available;
}

function folderOf(name: string): string | null {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return null;
  }
}

/** Packages that are not installed and have some of these letters. */
export function missingFonts(letters: string): string[] {
  return sources
    .filter(({ from, optional }) => optional?.test(letters) === true && folderOf(from) === null)
    .map(({ from }) => from);
}

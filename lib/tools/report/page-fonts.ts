import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fontFaces, shownText, subsetWoff } from "../render/subset-font.js";

/** An interactive figure writes other texts than the still one: numbers and the names of its buttons. */
const ascii = String.fromCharCode(...Array.from({ length: 95 }, (_, i) => 32 + i));

/** The fonts of a page, cut down to its letters: it looks the same where neither is installed. */
export function pageFonts(html: string): string {
  const code = [...html.matchAll(/<(code|pre)\b[^>]*>([\s\S]*?)<\/\1>/g)]
    .map(([, , inside]) => inside)
    .join("");
  return fontFaces(shownText(html) + ascii) + (code === "" ? "" : codeFace(shownText(code)));
}

function codeFace(text: string): string {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve("@expo-google-fonts/source-code-pro/package.json"));
  const font = readFileSync(join(folder, "400Regular/SourceCodePro_400Regular.ttf"));
  const woff = Buffer.from(subsetWoff(font, new Set(text))).toString("base64");
  return `@font-face{font-family:"Source Code Pro";src:url(data:font/woff;base64,${woff})format("woff")}`;
}

import { readFileSync } from "node:fs";
import { zlibSync } from "fflate";
import { fallbacksFor, fontFamily, fontFile, fontRuns, openFont } from "./font.js";

type Tables = Map<string, Uint8Array>;

/**
 * CSS with the shipped font as data URIs, cut down to the letters of a text, so that a page or an SVG looks the same
 * on a machine that does not have the font, and stays small: a few kB a weight. Letters that it lacks come from the
 * fallback fonts, under its name.
 */
export function fontFaces(text: string, weights: readonly (400 | 600)[] = [400, 600]): string {
  const letters = new Set(text);
  const own = weights.map((weight) => fontFace(weight, subsetWoff(readFileSync(fontFile(weight)), letters)));
  const others = fallbacksFor(text).map((font) => {
    const runs = text
      .split(/\s+/)
      .flatMap((word) => fontRuns(word))
      .filter(({ fallback }) => fallback === font)
      .map((run) => run.text);
    const shaped = font.isShaped ? shapes(font.file, runs) : undefined;
    const theirs = new Set(runs.join(""));
    const woff = subsetWoff(readFileSync(font.file), theirs, shaped);
    const range = [...theirs].map((letter) => `U+${(letter.codePointAt(0) ?? 0).toString(16)}`).sort();
    // browsers put only faces of equal weights together
    return weights.map((weight) => fontFace(weight, woff, range.join())).join("");
  });
  return [...own, ...others].join("");
}

function fontFace(weight: number, woff: Uint8Array, range?: string): string {
  const source = `url(data:font/woff;base64,${Buffer.from(woff).toString("base64")})format("woff")`;
  const letters = range === undefined ? "" : `;unicode-range:${range}`;
  return `@font-face{font-family:"${fontFamily}";font-weight:${weight};src:${source}${letters}}`;
}

/** The glyphs that words become by their neighbours: joined, stacked, turned around. */
function shapes(file: string, words: readonly string[]): readonly number[] {
  const font = openFont(file);
  return [...new Set(words)].flatMap((word) => font.layout(word).glyphs.map(({ id }) => id));
}

/** The letters that an SVG or HTML text shows, a line for each text. */
export function shownText(markup: string): string {
  const texts = markup
    .replace(/<(title|style|script|metadata|desc)\b[\s\S]*?<\/\1>/g, "")
    .replace(/(?:<[^>]*>)+/g, "\n");
  return withoutEntities(texts).trim();
}

/** Entities resolved as far as figures use them. */
export function withoutEntities(markup: string): string {
  return markup
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(
      /&(lt|gt|amp|quot|apos);/g,
      (_, name: string) => ({ lt: "<", gt: ">", quot: '"', apos: "'" })[name] ?? "&",
    );
}

/**
 * A TrueType font with the outlines of some letters only, as WOFF. Glyph numbers stay as they are (unused ones are
 * empty), so that composite glyphs need no change; kerning and ligatures are left out.
 * The format: OpenType specification 1.9, tables head, maxp, loca, glyf, hmtx, cmap, post; W3C WOFF 1.0.
 * @param shaped glyphs beside those of the letters, of a script that needs the font's tables for shaping
 */
export function subsetWoff(
  font: Uint8Array,
  letters: ReadonlySet<string>,
  shaped?: readonly number[],
): Uint8Array {
  const tables = readTables(font);
  const kept: Tables = new Map();
  const shaping = shaped === undefined ? [] : ["GDEF", "GPOS", "GSUB"];
  for (const tag of ["OS/2", "cvt ", "fpgm", "gasp", "head", "hhea", "maxp", "name", "prep", ...shaping]) {
    const table = tables.get(tag);
    if (table !== undefined) kept.set(tag, Uint8Array.from(table));
  }
  const codes = [...letters].map((letter) => letter.codePointAt(0) ?? 0);
  const glyphOf = readCmap(need(tables, "cmap"));
  const mapping = [...new Set(codes)]
    .sort((a, b) => a - b)
    .flatMap((code) => {
      const glyph = glyphOf(code);
      return glyph === 0 ? [] : [[code, glyph] as const];
    });
  const glyphs = withComponents(tables, [0, ...mapping.map(([, glyph]) => glyph), ...(shaped ?? [])]);
  const { glyf, loca } = outlines(tables, glyphs);
  kept.set("glyf", glyf);
  kept.set("loca", loca);
  kept.set("hmtx", widths(tables, glyphs));
  kept.set("cmap", writeCmap(mapping));
  kept.set(
    "post",
    Uint8Array.from({ length: 32 }, (_, i) => (i === 1 ? 3 : 0)),
  ); // version 3: no glyph names
  const head = view(need(kept, "head"));
  head.setUint16(50, 1); // loca in 32 bits
  head.setUint32(8, 0); // the sum over the file; no reader of WOFF looks at it
  return writeWoff(kept);
}

function readTables(font: Uint8Array): Tables {
  const v = view(font);
  const tables: Tables = new Map();
  for (let i = 0; i < v.getUint16(4); i++) {
    const entry = 12 + i * 16;
    const tag = String.fromCharCode(...font.subarray(entry, entry + 4));
    tables.set(tag, font.subarray(v.getUint32(entry + 8), v.getUint32(entry + 8) + v.getUint32(entry + 12)));
  }
  return tables;
}

/** Reads the Unicode table of format 12 or 4. @returns glyph of a code point, 0 for none */
function readCmap(cmap: Uint8Array): (code: number) => number {
  const v = view(cmap);
  const offsets = Array.from({ length: v.getUint16(2) }, (_, i) => v.getUint32(4 + i * 8 + 4));
  const full = offsets.find((o) => v.getUint16(o) === 12);
  if (full !== undefined) {
    return (code) => {
      for (let i = 0; i < v.getUint32(full + 12); i++) {
        const group = full + 16 + i * 12;
        const start = v.getUint32(group);
        if (code >= start && code <= v.getUint32(group + 4)) return v.getUint32(group + 8) + code - start;
      }
      return 0;
    };
  }
  const basic = offsets.find((o) => v.getUint16(o) === 4);
  if (basic === undefined) throw new Error("the font has no Unicode table of format 4 or 12");
  const segments = v.getUint16(basic + 6) / 2;
  const at = (part: number, i: number) => basic + 14 + part * segments * 2 + (part > 0 ? 2 : 0) + i * 2;
  return (code) => {
    for (let i = 0; i < segments; i++) {
      if (code > v.getUint16(at(0, i))) continue;
      const start = v.getUint16(at(1, i));
      if (code < start) return 0;
      const delta = v.getUint16(at(2, i));
      const range = v.getUint16(at(3, i));
      if (range === 0) return (code + delta) & 0xffff;
      const glyph = v.getUint16(at(3, i) + range + (code - start) * 2);
      return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
    }
    return 0;
  };
}

function outlineOf(tables: Tables, glyph: number): Uint8Array {
  const long = view(need(tables, "head")).getUint16(50) === 1;
  const loca = view(need(tables, "loca"));
  const offset = (i: number) => (long ? loca.getUint32(i * 4) : loca.getUint16(i * 2) * 2);
  return need(tables, "glyf").subarray(offset(glyph), offset(glyph + 1));
}

/** The glyphs and all that they are composed of. */
function withComponents(tables: Tables, glyphs: readonly number[]): ReadonlySet<number> {
  const all = new Set<number>();
  const waiting = [...glyphs];
  for (let glyph = waiting.pop(); glyph !== undefined; glyph = waiting.pop()) {
    if (all.has(glyph)) continue;
    all.add(glyph);
    const outline = outlineOf(tables, glyph);
    const v = view(outline);
    if (outline.length === 0 || v.getInt16(0) >= 0) continue;
    for (let at = 10, more = true; more; ) {
      const flags = v.getUint16(at);
      waiting.push(v.getUint16(at + 2));
      at += 4 + (flags & 1 ? 4 : 2) + (flags & 8 ? 2 : flags & 64 ? 4 : flags & 128 ? 8 : 0);
      more = (flags & 32) !== 0;
    }
  }
  return all;
}

function outlines(tables: Tables, glyphs: ReadonlySet<number>): { glyf: Uint8Array; loca: Uint8Array } {
  const count = view(need(tables, "maxp")).getUint16(4);
  const loca = new Uint8Array((count + 1) * 4);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (let glyph = 0; glyph <= count; glyph++) {
    view(loca).setUint32(glyph * 4, length);
    if (glyph === count || !glyphs.has(glyph)) continue;
    const outline = outlineOf(tables, glyph);
    const padded = new Uint8Array((outline.length + 3) & ~3);
    padded.set(outline);
    parts.push(padded);
    length += padded.length;
  }
  return { glyf: Uint8Array.from(Buffer.concat(parts)), loca };
}

/** The advance widths, zero for what is left out: zeros compress to nothing. */
function widths(tables: Tables, glyphs: ReadonlySet<number>): Uint8Array {
  const hmtx = Uint8Array.from(need(tables, "hmtx"));
  const long = view(need(tables, "hhea")).getUint16(34);
  for (let glyph = 0; glyph < long; glyph++) {
    if (!glyphs.has(glyph)) hmtx.fill(0, glyph * 4, glyph * 4 + 4);
  }
  return hmtx;
}

/** One Unicode table of format 12, a group for each letter. */
function writeCmap(mapping: readonly (readonly [number, number])[]): Uint8Array {
  const cmap = new Uint8Array(12 + 16 + mapping.length * 12);
  const v = view(cmap);
  v.setUint16(2, 1);
  v.setUint16(4, 3); // platform Windows, encoding full Unicode
  v.setUint16(6, 10);
  v.setUint32(8, 12);
  v.setUint16(12, 12);
  v.setUint32(16, 16 + mapping.length * 12);
  v.setUint32(24, mapping.length);
  mapping.forEach(([code, glyph], i) => {
    const group = 28 + i * 12;
    v.setUint32(group, code);
    v.setUint32(group + 4, code);
    v.setUint32(group + 8, glyph);
  });
  return cmap;
}

function writeWoff(tables: Tables): Uint8Array {
  const tags = [...tables.keys()].sort();
  const header = new Uint8Array(44 + tags.length * 20);
  const v = view(header);
  const parts: Uint8Array[] = [header];
  let offset = header.length;
  let plainSize = 12 + tags.length * 16;
  tags.forEach((tag, i) => {
    const table = need(tables, tag);
    const packed = zlibSync(table, { level: 9 });
    const stored = packed.length < table.length ? packed : table;
    const entry = 44 + i * 20;
    for (let c = 0; c < 4; c++) header[entry + c] = tag.charCodeAt(c);
    v.setUint32(entry + 4, offset);
    v.setUint32(entry + 8, stored.length);
    v.setUint32(entry + 12, table.length);
    v.setUint32(entry + 16, checksum(table));
    const padded = new Uint8Array((stored.length + 3) & ~3);
    padded.set(stored);
    parts.push(padded);
    offset += padded.length;
    plainSize += (table.length + 3) & ~3;
  });
  v.setUint32(0, 0x774f4646); // "wOFF"
  v.setUint32(4, 0x00010000); // TrueType outlines
  v.setUint32(8, offset);
  v.setUint16(12, tags.length);
  v.setUint32(16, plainSize);
  v.setUint16(20, 1);
  return Uint8Array.from(Buffer.concat(parts));
}

function checksum(table: Uint8Array): number {
  const padded = new Uint8Array((table.length + 3) & ~3);
  padded.set(table);
  let sum = 0;
  for (let i = 0; i < padded.length; i += 4) sum = (sum + view(padded).getUint32(i)) >>> 0;
  return sum;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function need(tables: Tables, tag: string): Uint8Array {
  const table = tables.get(tag);
  if (table === undefined) throw new Error(`the font has no table ${tag}`);
  return table;
}

import { type FontRun, fontFamily, fontFile, measure } from "./font.js";
import { withoutEntities } from "./subset-font.js";
import { visualRuns } from "./visual-order.js";

/**
 * Gives each piece of a text that the shipped font lacks its font and its place, so that every renderer draws the
 * same: their own ways of finding a font, and of joining and ordering letters in mixed scripts, differ. Characters
 * that are not seen are left out; some renderers draw them as boxes.
 */
export function withFallbacks(svg: string): string {
  return svg.replace(/(<text\b[^>]*>)([\s\S]*?)<\/text>/g, (whole, opening: string, inner: string) => {
    if (!/[^ -~\s]|\u200b|\ufeff/.test(inner)) return whole;
    const text = styleOf(opening);
    if (!inner.includes("<")) return `${opening}${line(inner, text)}</text>`;
    const lines = inner.replace(
      /(<tspan\b[^>]*>)([^<]+)(?=<\/tspan>)/g,
      (_, tag: string, content: string) => {
        const own = styleOf(tag);
        const x = /class="line"/.test(tag) ? (own.x ?? text.x) : undefined;
        return `${tag}${line(content, { ...text, ...defined(own), x })}`;
      },
    );
    return `${opening}${lines}</text>`;
  });
}

interface TextStyle {
  /** Absent where the text goes on behind another. */
  readonly x?: number;
  readonly size?: number;
  readonly weight?: number;
  readonly anchor?: string;
}

function styleOf(tag: string): TextStyle {
  const read = (pattern: RegExp) => pattern.exec(tag)?.[1];
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    x: number(read(/ x="(-?[\d.]+)"/)),
    size: number(read(/font-size: ?([\d.]+)px/)),
    weight: number(read(/font-weight: ?(\d+)/)),
    anchor: read(/text-anchor(?:="|: ?)(\w+)/),
  };
}

const defined = (style: TextStyle) =>
  Object.fromEntries(Object.entries(style).filter(([, value]) => value !== undefined));

const share: Readonly<Record<string, number>> = { middle: 0.5, end: 1 };

function line(content: string, { x, size, weight = 400, anchor = "start" }: TextStyle): string {
  const plain = withoutEntities(content);
  // Plotly's: it carries the base line back behind a raised figure
  if (plain === "\u200b") return content;
  const runs = visualRuns(plain, fontFile(weight));
  const isOwn = runs.every(({ fallback }) => fallback === undefined);
  if (isOwn && runs.map(({ text }) => text).join("") === plain) return content;
  if (x === undefined || size === undefined) return runs.map((run) => tspan(run)).join("");
  const widths = runs.map((run) => measure(run.text, size, weight));
  let at = x - (share[anchor] ?? 0) * widths.reduce((a, b) => a + b, 0);
  return runs
    .map((run, i) => {
      const place = ` x="${Number(at.toFixed(2))}" text-anchor="start"`;
      at += widths[i];
      return tspan(run, place);
    })
    .join("");
}

function tspan({ text, fallback }: FontRun, place = ""): string {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  if (fallback === undefined && place === "") return escaped;
  const font = fallback === undefined ? "" : ` style="font-family: '${fallback.family}', '${fontFamily}'"`;
  return `<tspan${place}${font}>${escaped}</tspan>`;
}

import { themes } from "@gradbook/core/internal";

type Theme = (typeof themes)["light"];

/** The colours of a theme that stand for themselves; a ramp is a picture's own. */
const plain = (theme: Theme): readonly string[] => [
  theme.paper,
  theme.text,
  theme.muted,
  theme.grid,
  theme.line,
  ...theme.series,
  ...theme.classes,
];

/** Each light colour's dark twin. Black and grey are what Plotly itself draws frames and legends with. */
const twins: ReadonlyMap<string, string> = new Map([
  ...plain(themes.light).map((color, i) => [color, plain(themes.dark)[i]] as const),
  ["#000000", themes.dark.text],
  ["#444444", themes.dark.text],
  ["#808ba4", themes.dark.line],
]);

/** Declarations of the colours that `figureSvg` names, for a dark screen. */
export const darkColors = [...twins].map(([light, dark]) => `${variable(light)}: ${dark};`).join(" ");

function variable(color: string): string {
  return `--c${color.slice(1)}`;
}

/** Letters are not drawn smaller than this, in CSS pixels: a figure that is wider than a phone scrolls then. */
const smallestText = 10;

/**
 * A drawn figure as it stands in a page: on a narrow screen it shrinks only as far as its letters can be read, and on
 * a dark one it changes its colours with the page. One with pictures in it, or with any colour that has no dark twin,
 * keeps its own on a light ground: text on a coloured cell would vanish.
 */
export function figureSvg(svg: string, width: number): string {
  const sizes = [...svg.matchAll(/font-size(?:="|: ?)([\d.]+)/g)].map(([, size]) => Number(size));
  const shrink = Math.min(1, smallestText / Math.min(...sizes, Number.POSITIVE_INFINITY));
  const narrowest = sizes.length === 0 ? "" : ` style="min-width:${Math.round(width * shrink)}px"`;
  const adapted = svg.includes("<image") ? null : adaptive(svg);
  const adapts = adapted === null ? "" : " data-adapts";
  return (adapted ?? svg).trim().replace("<svg ", () => `<svg data-width="${width}"${adapts}${narrowest} `);
}

/** The SVG with variables in place of its colours; null when it has one that is not the theme's. */
function adaptive(svg: string): string | null {
  let isKnown = true;
  const drawn = svg.replace(/ (?:style|fill|stroke|stop-color)="[^"]*"/g, (attribute) =>
    attribute.replace(/rgba?\(([^)]*)\)|#[0-9a-f]{3,8}\b/gi, (color, numbers?: string) => {
      if (/^#/.test(color) && attribute.slice(0, attribute.indexOf(color)).endsWith("url(")) return color;
      const key = numbers === undefined ? color.toLowerCase() : hex(numbers);
      if (twins.has(key)) return `var(${variable(key)},${color})`;
      isKnown = false;
      return color;
    }),
  );
  return isKnown ? drawn : null;
}

/** `31, 35, 40` → `#1f2328`; an opacity of its own has no twin. */
function hex(numbers: string): string {
  const parts = numbers.split(",").map(Number);
  return parts.length === 3 ? `#${parts.map((n) => n.toString(16).padStart(2, "0")).join("")}` : "";
}

import { ascent, descent, measure } from "./font.js";

/** An axis-parallel rectangle in pixels, y downwards. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** As much of the DOM as is needed to measure it. */
export interface SvgNode {
  readonly nodeType: number;
  readonly localName?: string | null;
  readonly textContent: string | null;
  readonly childNodes: Iterable<SvgNode>;
  readonly parentNode: SvgNode | null;
  readonly style?: { readonly [property: string]: unknown };
  getAttribute?(name: string): string | null;
}

const nothing: Box = { left: 0, top: 0, right: 0, bottom: 0 };

/** What `getBBox` returns in a browser, for text, shapes and groups, from real font metrics. */
export function boundingBox(node: SvgNode): Box {
  switch (node.localName) {
    case "text":
      return textBox(node);
    case "rect":
    case "image": {
      const [x, y, w, h] = ["x", "y", "width", "height"].map((name) => number(node, name));
      return { left: x, top: y, right: x + w, bottom: y + h };
    }
    case "path":
      return pathBox(node.getAttribute?.("d") ?? "");
    case "svg":
      return innerSvgBox(node) ?? childrenBox(node);
    case "g":
      return (node.parentNode === null ? undefined : innerSvgBox(node.parentNode)) ?? childrenBox(node);
    case "a":
      return childrenBox(node);
    default:
      return nothing;
  }
}

function childrenBox(node: SvgNode): Box {
  return union([...node.childNodes].filter((c) => c.nodeType === 1).map((c) => moved(boundingBox(c), c)));
}

/** Height of the shipped font's x, in units of its size: CSS's `ex`, in which MathJax measures. */
export const exHeight = 0.486;

/** A formula: an SVG inside the SVG that says its size in `ex`; the group in it is as large, in units of its own. */
function innerSvgBox(node: SvgNode): Box | undefined {
  if (node.localName !== "svg") return undefined;
  const [width, height] = ["width", "height"].map((name) => node.getAttribute?.(name) ?? "");
  if (!width.endsWith("ex")) return undefined;
  const ex = exHeight * Number.parseFloat(inherited(node, "fontSize", "12"));
  const [left, top] = [number(node, "x"), number(node, "y")];
  const h = Number.parseFloat(height) * (height.endsWith("ex") ? ex : 1);
  return { left, top, right: left + Number.parseFloat(width) * ex, bottom: top + h };
}

/** Length of the text in a `text` or `tspan` element, in pixels: what `getComputedTextLength` returns. */
export function textLength(node: SvgNode): number {
  return [...runs(node)].reduce((sum, run) => sum + measure(run.text, run.size, run.weight), 0);
}

/** Pieces of text with their fonts, in reading order; `line` starts a new line at a `tspan.line`. */
function* runs(
  node: SvgNode,
): Generator<{ text: string; size: number; weight: number; line: SvgNode | null }> {
  for (const child of node.childNodes) {
    if (child.nodeType === 3) {
      const text = (child.textContent ?? "").replace(/[\u200b\ufeff]/g, "");
      const weight = inherited(node, "fontWeight", "400");
      yield {
        text,
        size: Number.parseFloat(inherited(node, "fontSize", "12")),
        weight: weight === "bold" ? 700 : Number.parseFloat(weight) || 400,
        line: lineOf(node),
      };
    } else yield* runs(child);
  }
}

function textBox(node: SvgNode): Box {
  const lines = new Map<SvgNode | null, { width: number; size: number }>();
  for (const run of runs(node)) {
    const line = lines.get(run.line) ?? { width: 0, size: 0 };
    line.width += measure(run.text, run.size, run.weight);
    line.size = Math.max(line.size, run.size);
    lines.set(run.line, line);
  }
  const anchor = inherited(node, "textAnchor", node.getAttribute?.("text-anchor") ?? "start");
  const boxes = [...lines].map(([line, { width, size }]) => {
    const x = number(line ?? node, "x") || number(node, "x");
    const down = Number.parseFloat(line?.getAttribute?.("dy") ?? "0") || 0;
    const base = number(node, "y") + down * size;
    const left = x - (anchor === "middle" ? width / 2 : anchor === "end" ? width : 0);
    return { left, right: left + width, top: base - ascent * size, bottom: base + descent * size };
  });
  return union(boxes);
}

function lineOf(node: SvgNode): SvgNode | null {
  for (let n: SvgNode | null = node; n !== null && n.localName !== "text"; n = n.parentNode) {
    if (n.getAttribute?.("class") === "line") return n;
  }
  return null;
}

/** The box of the end points of a path's commands: Plotly's symbols and lines need no more. */
function pathBox(d: string): Box {
  let [x, y] = [0, 0];
  let [left, top, right, bottom] = [
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ];
  for (const [, command, rest] of d.matchAll(/([a-zA-Z])([^a-zA-Z]*)/g)) {
    const numbers = (rest.match(/-?\d*\.?\d+(?:e-?\d+)?/g) ?? []).map(Number);
    const relative = command === command.toLowerCase();
    const [ox, oy] = relative ? [x, y] : [0, 0];
    if (command.toLowerCase() === "h") x = ox + (numbers.at(-1) ?? 0);
    else if (command.toLowerCase() === "v") y = oy + (numbers.at(-1) ?? 0);
    else if (numbers.length >= 2) {
      x = ox + numbers[numbers.length - 2];
      y = oy + numbers[numbers.length - 1];
    }
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  }
  return left > right ? nothing : { left, top, right, bottom };
}

/** The box after the element's own `transform`; rotation is by quarter turns or taken by its corners. */
function moved(box: Box, node: SvgNode): Box {
  const transform = node.getAttribute?.("transform") ?? "";
  let corners = [
    [box.left, box.top],
    [box.right, box.top],
    [box.left, box.bottom],
    [box.right, box.bottom],
  ];
  for (const [, name, list] of [...transform.matchAll(/(\w+)\(([^)]*)\)/g)].reverse()) {
    const [a = 0, b = 0, c = 0] = (list.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
    if (name === "translate") corners = corners.map(([x, y]) => [x + a, y + b]);
    else if (name === "scale") corners = corners.map(([x, y]) => [x * a, y * (b || a)]);
    else if (name === "rotate") {
      const [sin, cos] = [Math.sin((a * Math.PI) / 180), Math.cos((a * Math.PI) / 180)];
      corners = corners.map(([x, y]) => [
        b + (x - b) * cos - (y - c) * sin,
        c + (x - b) * sin + (y - c) * cos,
      ]);
    }
  }
  const [xs, ys] = [corners.map((p) => p[0]), corners.map((p) => p[1])];
  return { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
}

function union(boxes: readonly Box[]): Box {
  const solid = boxes.filter((b) => b.right > b.left || b.bottom > b.top);
  if (solid.length === 0) return boxes[0] ?? nothing;
  return {
    left: Math.min(...solid.map((b) => b.left)),
    top: Math.min(...solid.map((b) => b.top)),
    right: Math.max(...solid.map((b) => b.right)),
    bottom: Math.max(...solid.map((b) => b.bottom)),
  };
}

function inherited(node: SvgNode, property: string, otherwise: string): string {
  for (let n: SvgNode | null = node; n !== null; n = n.parentNode) {
    const value = n.style?.[property];
    if (typeof value === "string" && value !== "") return value;
  }
  return otherwise;
}

function number(node: SvgNode, name: string): number {
  return Number.parseFloat(node.getAttribute?.(name) ?? "0") || 0;
}

import { readPictureUri } from "../render/picture.js";
import { type DomElement, dom, isElement, isTooDeep, tooDeep } from "./dom.js";

/** A drawing that was looked at: it holds no script and nothing from outside, and is as large as it says. */
export interface SvgPicture {
  readonly mime: "image/svg+xml";
  readonly svg: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** What was taken out of it. */
  readonly left: readonly string[];
}

const limits = { bytes: 5e6, side: 10_000, elements: 100_000 } as const;

/**
 * Cleans an SVG: elements that run, load or embed other documents are taken out, references lead nowhere but into it,
 * pictures inside are looked at.
 * @returns what is wrong, as words, when nothing can be shown of it
 */
export async function readSvg(text: string): Promise<SvgPicture | string> {
  if (text.length > limits.bytes)
    return `${(text.length / 1e6).toFixed(1)} MB, of at most ${limits.bytes / 1e6}`;
  if (/<!ENTITY/i.test(text)) return "it declares entities";
  if (isTooDeep(text)) return tooDeep;
  const left = new Set<string>();
  if (!isWellFormed(text)) left.add("it is not well-formed XML and shown as far as it goes");
  const root = cleaned(text, left);
  if (root === null) return "no svg element";
  const elements = countElements(root);
  if (elements > limits.elements)
    return `more than ${limits.elements} elements when its repetitions are drawn`;
  const size = setSize(root);
  if (typeof size === "string") return size;
  for (const image of root.querySelectorAll("image")) {
    const picture = await readPictureUri(
      image.getAttribute("href") ?? image.getAttribute("xlink:href") ?? "",
    );
    if (typeof picture !== "string") continue;
    left.add(picture);
    image.remove();
  }
  if (elements <= 1) return "nothing in it";
  const svg = new (dom().window.XMLSerializer)().serializeToString(root);
  return { mime: "image/svg+xml", svg, ...size, left: [...left] };
}

/** The data URI of a drawing. */
export function svgUri({ svg }: SvgPicture): string {
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
}

function isWellFormed(text: string): boolean {
  try {
    const parsed = new (dom().window.DOMParser)().parseFromString(text.trim(), "image/svg+xml");
    return parsed.querySelector("parsererror") === null;
  } catch {
    return false;
  }
}

/** Parsed as browsers parse a drawing inside a page: forgiving, and with the namespaces filled in. */
function cleaned(text: string, left: Set<string>): DomElement | null {
  const { purify } = dom();
  purify.removeAllHooks();
  purify.addHook("uponSanitizeElement", (_, { tagName, allowedTags }) => {
    if (/^[a-z]+$/i.test(tagName) && tagName !== "body" && allowedTags[tagName] !== true) left.add(tagName);
  });
  purify.addHook("uponSanitizeAttribute", (node, data) => {
    const { attrName, attrValue } = data;
    if (/^on/i.test(attrName)) left.add(attrName);
    const isReference = attrName === "href" || attrName === "xlink:href";
    const inside = /^#/.test(attrValue) || (node.localName === "image" && /^data:image\//.test(attrValue));
    if ((isReference && !inside) || leadsOutside(attrValue)) {
      data.keepAttr = false;
      left.add(`${attrName}="${attrValue.slice(0, 60)}"`);
    }
  });
  const body = purify.sanitize(text.replace(/^[^<]*(?:<\?xml[^>]*\?>)?/, ""), {
    RETURN_DOM: true,
    USE_PROFILES: { svg: true, svgFilters: true },
    ADD_TAGS: ["use"],
    ADD_ATTR: ["xlink:href", "href"],
  });
  purify.removeAllHooks();
  const [root = null] = body?.querySelectorAll("svg") ?? [];
  for (const style of root?.querySelectorAll("style") ?? []) {
    const { textContent } = style;
    if (!leadsOutside(textContent) && !/@import/i.test(textContent)) continue;
    left.add("style");
    style.remove();
  }
  return root;
}

/** Whether a value has a `url(…)` that is not a reference into the drawing. */
function leadsOutside(value: string): boolean {
  return [...value.matchAll(/url\(\s*["']?\s*([^"')]*)/gi)].some(
    ([, target]) => !/^(?:#|data:)/i.test(target),
  );
}

/** Elements as they are drawn: each `use` again counts what it repeats. More than the limit counts as the limit. */
function countElements(root: DomElement): number {
  const byId = new Map([...root.querySelectorAll("[id]")].map((e) => [e.getAttribute("id"), e]));
  const known = new Map<DomElement, number>();
  const open = new Set<DomElement>();
  const count = (element: DomElement, depth: number): number => {
    const before = known.get(element);
    if (before !== undefined) return before;
    if (open.has(element) || depth > 500) return limits.elements + 1;
    open.add(element);
    const reference = element.getAttribute("href") ?? element.getAttribute("xlink:href") ?? "";
    const target = element.localName === "use" ? byId.get(reference.slice(1)) : undefined;
    let sum = 1 + (target === undefined ? 0 : count(target, depth + 1));
    for (const child of element.childNodes) if (isElement(child)) sum += count(child, depth + 1);
    open.delete(element);
    const capped = Math.min(sum, limits.elements + 1);
    known.set(element, capped);
    return capped;
  };
  return count(root, 0);
}

/** CSS's size of a picture that has none. */
const unsized = { width: 300, height: 150 } as const;

/** Writes the size in pixels into the root, so that every renderer takes the same. */
function setSize(root: DomElement): { readonly width: number; readonly height: number } | string {
  const view = (root.getAttribute("viewBox") ?? "")
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  const hasView = view.length === 4 && view.every(Number.isFinite) && view[2] > 0 && view[3] > 0;
  const style = root.getAttribute("style") ?? "";
  const given = (side: "width" | "height") =>
    pixels(root.getAttribute(side)) ??
    pixels(new RegExp(`(?:^|;)\\s*${side}\\s*:([^;]*)`).exec(style)?.[1] ?? null);
  let width = given("width");
  let height = given("height");
  if (hasView) {
    // Browsers draw one without any size as wide as there is room.
    if (width === undefined && height === undefined) width = Math.max(view[2], unsized.width);
    width ??= ((height ?? 0) * view[2]) / view[3];
    height ??= (width * view[3]) / view[2];
  }
  width ??= unsized.width;
  height ??= unsized.height;
  if (!(width > 0 && height > 0)) return "no size";
  const scale = Math.min(1, limits.side / Math.max(width, height));
  if (scale < 1 && !hasView) return `${width} × ${height} pixels, of at most ${limits.side}`;
  const size = { width: Math.max(1, width * scale), height: Math.max(1, height * scale) };
  root.setAttribute("width", String(size.width));
  root.setAttribute("height", String(size.height));
  const rest = style.replace(/(^|;)\s*(?:max-|min-)?(?:width|height)\s*:[^;]*/g, "$1");
  if (style !== "") root.setAttribute("style", rest);
  // The serializer writes the namespace; a second one would be an error.
  root.removeAttribute("xmlns");
  return size;
}

/** CSS's absolute lengths in pixels of 1/96 inch; shares of a page that is not known count as none. */
function pixels(length: string | null): number | undefined {
  const found = /^\s*([\d.]+(?:e[+-]?\d+)?)\s*(px|pt|pc|in|cm|mm|em|ex)?\s*$/i.exec(length ?? "");
  if (found === null) return undefined;
  const units = { px: 1, pt: 4 / 3, pc: 16, in: 96, cm: 96 / 2.54, mm: 9.6 / 2.54, em: 16, ex: 8 } as const;
  return Number(found[1]) * units[(found[2] ?? "px").toLowerCase() as keyof typeof units];
}

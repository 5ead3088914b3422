import { createRequire } from "node:module";

/** As much of the DOM as is needed to clean and read a piece of HTML or SVG. */
export interface DomNode {
  readonly nodeType: number;
  readonly localName?: string;
  readonly namespaceURI?: string | null;
  readonly textContent: string | null;
  readonly childNodes: Iterable<DomNode>;
}

export interface DomElement extends DomNode {
  readonly localName: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  innerHTML: string;
  textContent: string;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<DomElement>;
  closest(selector: string): DomElement | null;
  replaceWith(...nodes: (DomElement | string)[]): void;
  remove(): void;
}

export const svgNamespace = "http://www.w3.org/2000/svg";

interface Purify {
  sanitize(html: string, options: Readonly<Record<string, unknown>>): DomElement | null;
  addHook(
    name: "uponSanitizeElement",
    hook: (node: DomElement, data: { tagName: string; allowedTags: Record<string, boolean> }) => void,
  ): void;
  addHook(
    name: "uponSanitizeAttribute",
    hook: (node: DomElement, data: { attrName: string; attrValue: string; keepAttr: boolean }) => void,
  ): void;
  removeAllHooks(): void;
}

interface DomWindow {
  readonly document: { createElement(name: string): DomElement };
  readonly DOMParser: new () => {
    parseFromString(text: string, type: string): { querySelector(s: string): DomElement | null };
  };
  readonly XMLSerializer: new () => { serializeToString(node: DomElement): string };
}

/** A document without a browser, and DOMPurify in it. Nothing in it runs or loads anything. */
export interface Dom {
  readonly window: DomWindow;
  readonly purify: Purify;
}

let ready: Dom | undefined;

export function dom(): Dom {
  if (ready === undefined) {
    const require = createRequire(import.meta.url);
    const { JSDOM } = require("jsdom") as { JSDOM: new (html: string) => { readonly window: DomWindow } };
    const createPurify = require("dompurify") as (window: DomWindow) => Purify;
    const { window } = new JSDOM("<!doctype html><body></body>");
    ready = { window, purify: createPurify(window) };
  }
  return ready;
}

export function isElement(node: DomNode): node is DomElement {
  return node.nodeType === 1;
}

/** Elements whose end may be left away, or that have none: they say nothing about how deep a text is nested. */
const openEnded = new Set(
  (
    "area base br col embed hr img input link meta source track wbr p li dt dd td th tr thead tbody tfoot colgroup " +
    "option optgroup rp rt"
  ).split(" "),
);

/** Deeper than any output; parsers and serializers follow the nesting with the stack, and take minutes for it. */
const deepest = 250;

/** What is said of it. */
export const tooDeep = "nested too deep to be read";

/** Whether markup is nested deeper than an output ever is, looked at tag by tag, which takes no time. */
export function isTooDeep(markup: string): boolean {
  let depth = 0;
  for (const [, end, name, closed] of markup.matchAll(
    /<(\/?)([a-z][\w:-]*)(?:"[^"]*"|'[^']*'|[^"'<>])*?(\/?)>/gi,
  )) {
    if (closed !== "" || openEnded.has(name.toLowerCase())) continue;
    depth = end === "" ? depth + 1 : Math.max(0, depth - 1);
    if (depth > deepest) return true;
  }
  return false;
}

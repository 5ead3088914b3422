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

import type { Token } from "marked";
import { type DomElement, type DomNode, dom, isElement } from "./dom.js";

/**
 * Cleaned HTML as the tokens that Markdown of the same look would have, so that the PDF sets both in one way. What has
 * no counterpart there (colours, borders) is left away, its text stays.
 */
export function htmlTokens(html: string): Token[] {
  const root = dom().window.document.createElement("div");
  root.innerHTML = html;
  return blocks(root);
}

const inlineNames = new Set(
  "a abbr b bdi bdo br cite code del dfn em font i img ins kbd mark math meter progress q s samp small span strong sub sup time tt u var wbr".split(
    " ",
  ),
);

/** Elements that end a line become tokens of their own; what stands between them becomes paragraphs. */
function blocks(parent: DomNode): Token[] {
  const tokens: Token[] = [];
  let line: Token[] = [];
  const flush = () => {
    if (line.some((token) => token.type === "image" || token.raw.trim() !== "")) {
      tokens.push({ type: "paragraph", raw: "", text: "", tokens: line } as Token);
    }
    line = [];
  };
  for (const node of parent.childNodes) {
    if (!isElement(node) || inlineNames.has(node.localName)) line.push(...inline(node));
    else {
      flush();
      tokens.push(...block(node));
    }
  }
  flush();
  return tokens;
}

function block(element: DomElement): Token[] {
  const name = element.localName;
  switch (name) {
    case "h1":
    case "h2":
    case "h3":
    case "h4":
    case "h5":
    case "h6":
      return [
        {
          type: "heading",
          raw: "",
          depth: Number(name.slice(1)),
          text: element.textContent.trim(),
          tokens: inlines(element),
        } as Token,
      ];
    case "ul":
    case "ol":
      return [list(element, name === "ol")];
    case "table":
      return table(element);
    case "pre":
      return [{ type: "code", raw: "", text: element.textContent } as Token];
    case "blockquote":
      return [{ type: "blockquote", raw: "", text: "", tokens: blocks(element) } as Token];
    case "hr":
      return [{ type: "hr", raw: "" } as Token];
    default:
      return blocks(element);
  }
}

function list(element: DomElement, ordered: boolean): Token {
  const items = [...element.childNodes].filter(isElement).map((item) => {
    const tokens = blocks(item).map((token) =>
      token.type === "paragraph" ? { ...token, type: "text" } : token,
    );
    return { type: "list_item", raw: "", text: "", task: false, loose: false, tokens };
  });
  const start = Number(element.getAttribute("start") ?? "1") || 1;
  return { type: "list", raw: "", ordered, start, loose: false, items } as Token;
}

/** A table of rows of one length; what spans several columns is followed by empty cells. */
function table(element: DomElement): Token[] {
  // Tables inside of cells: the outer one only places things beside each other, which paper sets below each other.
  if ([...element.querySelectorAll("table")].length > 0) {
    return [...element.querySelectorAll("td, th")]
      .filter((cell) => cell.closest("table") === element)
      .flatMap(blocks);
  }
  const rows = [...element.querySelectorAll("tr")].filter((row) => row.closest("table") === element);
  const cells = rows.map((row) =>
    [...row.childNodes].filter(isElement).flatMap((cell) => {
      const span = Math.min(100, Math.max(1, Number(cell.getAttribute("colspan") ?? "1") || 1));
      const style = `${cell.getAttribute("align") ?? ""} ${cell.getAttribute("style") ?? ""}`;
      const text = { tokens: inlines(cell), right: /right/.test(style) };
      return [text, ...Array.from({ length: span - 1 }, () => ({ tokens: [], right: false }))];
    }),
  );
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const [caption] = element.querySelectorAll("caption");
  const title =
    caption === undefined
      ? []
      : [{ type: "paragraph", raw: "", text: "", tokens: inlines(caption) } as Token];
  if (columns === 0) return title;
  const even = cells.map((row) => [
    ...row,
    ...Array.from({ length: columns - row.length }, () => ({ tokens: [], right: false })),
  ]);
  const [head, ...body] = even;
  const cell = ({ tokens }: { readonly tokens: readonly Token[] }) => ({
    text: "",
    tokens,
    header: false,
    align: null,
  });
  return [
    ...title,
    {
      type: "table",
      raw: "",
      header: head.map(cell),
      rows: body.map((row) => row.map(cell)),
      align: head.map((_, c) => (body.length > 0 && body.every((row) => row[c].right) ? "right" : null)),
    } as Token,
  ];
}

function inlines(element: DomElement): Token[] {
  return [...element.childNodes].flatMap(inline);
}

function inline(node: DomNode): Token[] {
  if (node.nodeType === 3) {
    const text = (node.textContent ?? "").replace(/[ \t\r\n]+/g, " ");
    return [{ type: "escape", raw: text, text } as Token];
  }
  if (!isElement(node)) return [];
  const text = node.textContent;
  switch (node.localName) {
    case "b":
    case "strong":
      return [{ type: "strong", raw: text, text, tokens: inlines(node) } as Token];
    case "i":
    case "em":
    case "cite":
    case "var":
      return [{ type: "em", raw: text, text, tokens: inlines(node) } as Token];
    case "code":
    case "kbd":
    case "samp":
    case "tt":
      return [{ type: "codespan", raw: text, text } as Token];
    case "a":
      return [
        {
          type: "link",
          raw: text,
          text,
          href: node.getAttribute("href") ?? "",
          tokens: inlines(node),
        } as Token,
      ];
    case "br":
      return [{ type: "br", raw: "\n" } as Token];
    case "img": {
      const alt = node.getAttribute("alt") ?? "";
      const width = Number.parseFloat(node.getAttribute("width") ?? "") || 0;
      return [
        {
          type: "image",
          raw: "",
          text: alt,
          title: null,
          href: node.getAttribute("src") ?? "",
          width,
        } as Token,
      ];
    }
    case "progress":
    case "meter":
      return [
        {
          type: "escape",
          raw: "",
          text: `${node.getAttribute("value") ?? ""} of ${node.getAttribute("max") ?? "1"}`,
        } as Token,
      ];
    default:
      // An element that ends lines inside one that does not: its words are kept apart.
      return inlineNames.has(node.localName) ? inlines(node) : [space, ...inlines(node), space];
  }
}

const space = { type: "escape", raw: " ", text: " " } as Token;

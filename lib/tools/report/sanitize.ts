import { anyUri, leftOf, readAnyUri } from "./any-picture.js";
import { type DomElement, dom, isTooDeep, svgNamespace, tooDeep } from "./dom.js";
import { readSvg, svgUri } from "./svg-picture.js";
import { areNumbers } from "./typeset-number.js";

/** HTML of somebody else, cleaned. */
export interface CleanHtml {
  readonly html: string;
  /** What was taken out, e.g. `script`, `onclick`, `a picture on a network`. */
  readonly left: readonly string[];
  /** False when what was taken out is what it was about: a program, an embedded page, a form. */
  readonly isWhole: boolean;
}

const limits = { bytes: 2e6 } as const;

/** What a report has no place for, and what a piece of HTML without it may be empty of. */
const active = ["script", "iframe", "object", "embed", "canvas", "video", "audio", "form", "input", "button"];
const forbidden = [...active, "link", "meta", "base", "textarea", "select", "option", "dialog", "template"];

/** Attributes that say what something is or how it stands; ids and classes could meet those of the page. */
const attributes = new Set(
  (
    "abbr align alt colspan dir headers height href lang open reversed role rowspan scope span src start style title " +
    "type valign value width"
  ).split(" "),
);

const properties = new Set(
  (
    "background-color border border-bottom border-collapse border-color border-left border-right border-style border-top " +
    "border-width color font-family font-size font-style font-variant font-weight letter-spacing line-height " +
    "list-style-type margin margin-bottom margin-left margin-right margin-top max-width min-width padding " +
    "padding-bottom padding-left padding-right padding-top text-align text-decoration text-indent text-transform " +
    "vertical-align white-space width"
  ).split(" "),
);

/**
 * Cleans HTML with DOMPurify: no script runs, nothing is loaded, no id, class or place on the page is taken. Drawings
 * become images, so that nothing in them reaches the page; images are those that it carries itself.
 * @param isOutput whether a program wrote it, which seldom says how its numbers stand; Markdown's tables say it
 * @returns what is wrong, as words, when it cannot be read
 */
export async function sanitizeHtml(source: string, isOutput = false): Promise<CleanHtml | string> {
  const weight = htmlWeight(source);
  if (weight > limits.bytes)
    return `${(weight / 1e6).toFixed(1)} MB of HTML, of at most ${limits.bytes / 1e6}`;
  if (isTooDeep(source)) return tooDeep;
  const left = new Set<string>();
  const body = purified(source, left);
  if (body === null) return tooDeep;
  for (const style of [...body.querySelectorAll("style")]) {
    if (style.namespaceURI === svgNamespace) continue;
    left.add("style");
    style.remove();
  }
  for (const svg of [...body.querySelectorAll("svg")]) {
    if (svg.closest("svg svg") === null) await replaceDrawing(svg, left);
  }
  for (const image of [...body.querySelectorAll("img")]) await checkImage(image, left);
  if (isOutput) for (const table of [...body.querySelectorAll("table")]) alignNumbers(table);
  return { html: body.innerHTML, left: [...left], isWhole: !active.some((tag) => left.has(tag)) };
}

/** Columns of numbers stand right, as in tables of ours, where the table says nothing of its own. */
function alignNumbers(table: DomElement): void {
  const own = "[colspan], [rowspan], [align], [style*=text-align], table";
  if ([...table.querySelectorAll(own)].length > 0) return;
  const rows = [...table.querySelectorAll("tr")].map((row) => [...row.querySelectorAll("th, td")]);
  const width = Math.max(0, ...rows.map((row) => row.length));
  for (let c = 0; c < width; c++) {
    const cells = rows.flatMap((row) => row.slice(c, c + 1));
    const texts = cells.filter((cell) => cell.localName === "td").map((cell) => cell.textContent);
    if (!areNumbers(texts)) continue;
    for (const cell of cells) cell.setAttribute("align", "right");
  }
}

/** Letters without those of pictures. */
export function htmlWeight(source: string): number {
  return source.replace(/data:image\/[^"')\s]+/g, "").length;
}

function purified(source: string, left: Set<string>): DomElement | null {
  const { purify } = dom();
  purify.removeAllHooks();
  purify.addHook("uponSanitizeElement", (_, { tagName, allowedTags }) => {
    if (!/^[a-z][a-z0-9-]*$/i.test(tagName) || tagName === "body") return;
    if (forbidden.includes(tagName) || allowedTags[tagName] !== true) left.add(tagName);
  });
  purify.addHook("uponSanitizeAttribute", (node, data) => {
    if (/^on/i.test(data.attrName)) left.add(data.attrName);
    if (node.namespaceURI === svgNamespace) return;
    if (!attributes.has(data.attrName) && !data.attrName.startsWith("aria-")) data.keepAttr = false;
    if (data.attrName === "style") {
      data.attrValue = harmlessStyle(data.attrValue);
      if (data.attrValue === "") data.keepAttr = false;
    }
    if (data.attrName === "href" && !/^(?:https?:|mailto:|#|[^:]*$)/i.test(data.attrValue.trim())) {
      data.keepAttr = false;
      left.add(`a link to ${data.attrValue.trim().slice(0, 40)}`);
    }
  });
  const body = purify.sanitize(source, {
    RETURN_DOM: true,
    FORCE_BODY: true,
    FORBID_TAGS: forbidden,
    ADD_TAGS: ["use"],
  });
  purify.removeAllHooks();
  return body;
}

/** Colours, borders and the like, none of which can load anything or leave its place. */
function harmlessStyle(style: string): string {
  const kept = style.split(";").flatMap((declaration) => {
    const [name, value = ""] = declaration.split(/:(.*)/s).map((part) => part.trim());
    const isHarmless = properties.has(name.toLowerCase()) && /^[\w\s#%.,()"'+-]+$/.test(value);
    return isHarmless && !/url|expression|var\(|-\d/i.test(value) ? [`${name.toLowerCase()}:${value}`] : [];
  });
  return kept.join(";");
}

async function replaceDrawing(svg: DomElement, left: Set<string>): Promise<void> {
  const { window } = dom();
  const picture = await readSvg(new window.XMLSerializer().serializeToString(svg));
  if (typeof picture === "string") {
    left.add(`a drawing (${picture})`);
    svg.remove();
    return;
  }
  for (const what of picture.left) left.add(what);
  const image = window.document.createElement("img");
  image.setAttribute("src", svgUri(picture));
  image.setAttribute("alt", svg.getAttribute("aria-label") ?? "");
  image.setAttribute("width", String(Math.round(picture.width)));
  svg.replaceWith(image);
}

/** An image stays when it is inside the HTML and can be shown; else its words. */
async function checkImage(image: DomElement, left: Set<string>): Promise<void> {
  const source = image.getAttribute("src") ?? "";
  const picture = await readAnyUri(source);
  if (typeof picture === "string") {
    left.add(`${picture}${source.startsWith("data:") ? "" : ` (${source.slice(0, 80)})`}`);
    image.replaceWith(`[picture: ${image.getAttribute("alt") || source.slice(0, 60)}]`);
    return;
  }
  for (const what of leftOf(picture)) left.add(what);
  image.setAttribute("src", anyUri(picture));
  if (image.getAttribute("alt") === null) image.setAttribute("alt", "");
}

import type { MimeBundle } from "@gradbook/base";
import type { Token, Tokens } from "marked";
import { readPicture } from "../render/picture.js";
import { type AnyPicture, anyUri, percentDecoded, readAnyUri, utf8 } from "./any-picture.js";
import { readSvg } from "./svg-picture.js";

/** The pictures of a text by the address under which it names them; a text says why one is not shown. */
export type ProsePictures = ReadonlyMap<string, AnyPicture | string>;

/** Looks at every picture that a text names: attached ones and those in data URIs are inside the notebook. */
export async function prosePictures(
  tokens: readonly Token[],
  attachments: Readonly<Record<string, MimeBundle>>,
): Promise<ProsePictures> {
  const pictures = new Map<string, AnyPicture | string>();
  for (const href of addresses(tokens)) {
    if (!pictures.has(href)) pictures.set(href, await readAddress(href, attachments));
  }
  return pictures;
}

function addresses(tokens: readonly Token[]): string[] {
  return tokens.flatMap((token): string[] => {
    const own = token.type === "image" ? [String(token.href)] : [];
    const lists: unknown[] = [];
    if ("tokens" in token) lists.push(token.tokens);
    if (token.type === "list") lists.push(token.items);
    if (token.type === "table")
      lists.push(...[token.header, ...token.rows].flat().map((cell) => cell.tokens));
    return [...own, ...lists.flatMap((list) => (Array.isArray(list) ? addresses(list) : []))];
  });
}

/** HTML whose images of the notebook's own attachments are inside it, so that cleaning keeps them. */
export async function withAttachments(
  html: string,
  attachments: Readonly<Record<string, MimeBundle>>,
): Promise<string> {
  const parts = html.split(/(<img\b[^>]*>)/i);
  for (const [i, part] of parts.entries()) {
    const source = /\bsrc\s*=\s*["']?(attachment:[^"'\s>]+)/i.exec(part)?.[1];
    if (i % 2 === 0 || source === undefined) continue;
    const picture = await readAddress(source, attachments);
    if (typeof picture !== "string") parts[i] = part.replace(source, anyUri(picture));
  }
  return parts.join("");
}

/** Tokens in which the tag `<img>` of HTML is an image like those of Markdown. */
export function withImages(tokens: readonly Token[]): Token[] {
  return tokens.map((token): Token => {
    if (token.type === "html" && /^<img\b[^>]*>$/i.test(token.raw.trim())) return imageToken(token.raw);
    if (token.type === "list") {
      const items = token.items.map((item: Tokens.ListItem) => ({
        ...item,
        tokens: withImages(item.tokens),
      }));
      return { ...token, items };
    }
    return "tokens" in token && token.tokens !== undefined
      ? { ...token, tokens: withImages(token.tokens) }
      : token;
  });
}

function imageToken(tag: string): Token {
  const attribute = (name: string) => {
    const [, quoted, single, bare] =
      new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(tag) ?? [];
    return quoted ?? single ?? bare ?? "";
  };
  const [href, alt] = [attribute("src"), attribute("alt")];
  const width = Number.parseFloat(attribute("width")) || 0;
  return { type: "image", raw: tag, href, title: null, text: alt || href.slice(0, 60), width } as Token;
}

async function readAddress(
  href: string,
  attachments: Readonly<Record<string, MimeBundle>>,
): Promise<AnyPicture | string> {
  if (!href.startsWith("attachment:")) return readAnyUri(href);
  const name = percentDecoded(href.slice("attachment:".length));
  if (!Object.hasOwn(attachments, name)) return "is not attached to its cell";
  const [[mime, data] = ["", undefined]] = Object.entries(attachments[name]);
  if (typeof data !== "string") return "is empty";
  return mime === "image/svg+xml" ? readSvg(attachedText(data)) : readPicture(data);
}

/** JupyterLab attaches drawings in base64 too. */
function attachedText(data: string): string {
  return data.trimStart().startsWith("<") ? data : utf8(data);
}

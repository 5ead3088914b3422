import { pathToFileURL } from "node:url";
import type { MimeBundle } from "@gradbook/base";
import type { Completion, CursorRequest } from "../methods.js";
import type { Checker } from "./checker.js";
import { type Definition, draftDocument, visibleNames } from "./documents.js";
import type { LanguageServer } from "./language-server.js";

interface Position {
  readonly line: number;
  readonly character: number;
}

interface CompletionItem {
  readonly label: string;
  readonly kind?: number;
  readonly sortText?: string;
  readonly insertText?: string;
  /** What has been written is compared with this, if it is not the label. */
  readonly filterText?: string;
  readonly labelDetails?: { readonly detail?: string };
  readonly textEdit?: {
    readonly newText: string;
    readonly range?: { readonly start: Position; readonly end: Position };
  };
}

interface SignatureHelp {
  readonly activeSignature?: number;
  readonly signatures: readonly {
    readonly label: string;
    readonly documentation?: string | { readonly value: string };
  }[];
}

/** Kinds of completion items of the Language Server Protocol, in the words of JupyterLab's icons. */
const kinds: Readonly<Record<number, string>> = {
  2: "function",
  3: "function",
  4: "class",
  5: "property",
  6: "instance",
  7: "class",
  8: "interface",
  9: "module",
  10: "property",
  13: "enum",
  14: "keyword",
  17: "path",
  19: "path",
  20: "enum",
  21: "instance",
};

/** Completion and documentation for a cell that is being written, with all that earlier cells have defined in view. */
export class Assist {
  readonly #checker: Checker;

  constructor(checker: Checker) {
    this.#checker = checker;
  }

  async complete({ code, cursor }: CursorRequest): Promise<Completion> {
    const { server, uri } = await this.#open(code);
    const position = placeAt(code, cursor);
    const answer = await server.request<CompletionItem[] | { items: CompletionItem[] } | null>(
      "textDocument/completion",
      {
        textDocument: { uri },
        position,
      },
    );
    const items = [...(Array.isArray(answer) ? answer : (answer?.items ?? []))];
    // In strings, comments, imports and behind dots there are no globals, nor are names of cells.
    if (items.some(({ label }) => label === "globalThis"))
      items.push(...definedItems(this.#checker.definitions));
    const fitting = items
      .flatMap((item) => insertionOf(item, code, cursor))
      .sort((a, b) => compare(a.sortText, b.sortText) || compare(a.label, b.label));
    const start = Math.min(cursor, ...fitting.map((one) => one.start));
    // All matches of an answer begin at one place: those that begin behind it repeat what stands between.
    const found = new Map(fitting.map((one) => [code.slice(start, one.start) + one.text, one]));
    return {
      matches: [...found.keys()],
      start,
      end: cursor,
      types: [...found].map(([text, { kind, signature }]) => ({
        text,
        type: kinds[kind] ?? "instance",
        start,
        end: cursor,
        ...(signature === undefined ? {} : { signature }),
      })),
    };
  }

  /** What is at the cursor: the name under it, or the function whose arguments are being written. */
  async inspect({ code, cursor, detail = 0 }: CursorRequest): Promise<{ data: MimeBundle } | undefined> {
    const { server, uri } = await this.#open(code);
    const at = (offset: number): object => ({
      textDocument: { uri },
      position: placeAt(code, offset),
      verbosityLevel: detail,
    });
    const onName = /[\p{ID_Continue}$]/u.test(code[cursor] ?? "");
    const afterName = cursor > 0 && /[\p{ID_Continue}$]/u.test(code[cursor - 1]);
    const hover =
      onName || afterName ? await this.#hover(server, at(onName ? cursor : cursor - 1)) : undefined;
    const markdown = hover ?? (await this.#signature(server, at(cursor)));
    if (markdown === undefined) return undefined;
    const plain = markdown.replace(/^```\w*\n?/gm, "").trim();
    return { data: { "text/plain": plain, "text/markdown": markdown } };
  }

  /** What `name?` shows: the value of that name, or else the type with its members. */
  async help(name: string): Promise<{ data: MimeBundle } | undefined> {
    const value = await this.inspect({ code: name, cursor: name.length });
    const asType = `0 as ${name}`;
    return value ?? this.inspect({ code: asType, cursor: asType.length, detail: 1 });
  }

  async #hover(server: LanguageServer, place: object): Promise<string | undefined> {
    const answer = await server.request<{ contents: { value: string } | string } | null>(
      "textDocument/hover",
      place,
    );
    if (answer === null) return undefined;
    const text = typeof answer.contents === "string" ? answer.contents : answer.contents.value;
    // A name that means nothing.
    return /^```\w*\n(?:type \S+ = \/\*unresolved\*\/ )?any\n```\s*$/.test(text) ? undefined : text;
  }

  async #signature(server: LanguageServer, place: object): Promise<string | undefined> {
    const answer = await server.request<SignatureHelp | null>("textDocument/signatureHelp", place);
    if (answer === null || answer.signatures.length === 0) return undefined;
    const active = answer.activeSignature ?? 0;
    const ordered = [answer.signatures[active], ...answer.signatures.filter((_, i) => i !== active)];
    return ordered
      .map(({ label, documentation = "" }) => {
        const text = typeof documentation === "string" ? documentation : documentation.value;
        return `\`\`\`typescript\n${label}\n\`\`\`\n${text}`.trim();
      })
      .join("\n\n");
  }

  async #open(code: string): Promise<{ server: LanguageServer; uri: string }> {
    const server = await this.#checker.server();
    await this.#checker.named();
    const path = this.#checker.path("assist");
    const declared = new Set(
      [
        ...code.matchAll(
          /\b(?:let|const|var|function|class|interface|type|enum|namespace|using)\s+([\w$]+)/g,
        ),
      ].map(([, name]) => name),
    );
    server.setText(path, draftDocument(code, visibleNames(code, this.#checker.definitions, declared)));
    return { server, uri: pathToFileURL(path).href };
  }
}

function definedItems(definitions: ReadonlyMap<string, Definition>): CompletionItem[] {
  // In front of the globals, as local names are.
  return [...definitions.keys()].map((label) => ({ label, kind: 6, sortText: "10" }));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function placeAt(code: string, offset: number): Position {
  const lines = code.slice(0, offset).split("\n");
  return { line: lines.length - 1, character: lines[lines.length - 1].length };
}

function offsetOf(code: string, { line, character }: Position): number {
  const above = code.split("\n").slice(0, line);
  return above.reduce((sum, { length }) => sum + length + 1, character);
}

/** A completion item as a text that takes the place of what stands between `start` and the cursor. */
interface Insertion {
  readonly text: string;
  readonly start: number;
  readonly label: string;
  readonly sortText: string;
  readonly kind: number;
  readonly signature?: string;
}

/** Nothing if the item does not go on with what has been written. */
function insertionOf(item: CompletionItem, code: string, cursor: number): Insertion[] {
  const { label, textEdit, kind = 6, sortText = "", labelDetails } = item;
  const text = textEdit?.newText ?? item.insertText ?? label;
  const [word] = /#?[\p{ID_Continue}$]*$/u.exec(code.slice(0, cursor)) ?? [""];
  const start = textEdit?.range === undefined ? cursor - word.length : offsetOf(code, textEdit.range.start);
  const written = code.slice(start, cursor).toLowerCase();
  if (!(item.filterText ?? label).toLowerCase().startsWith(written)) return [];
  // The kernel's files, and the beginning of `[Symbol.iterator]`, which is no member by itself.
  if (label.startsWith(".gradbook-") || /^(?:\?\.)?\[Symbol\]$/.test(text)) return [];
  const signature = labelDetails?.detail;
  return [{ text, start, label, sortText, kind, ...(signature === undefined ? {} : { signature }) }];
}

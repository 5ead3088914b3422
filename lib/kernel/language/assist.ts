import { pathToFileURL } from "node:url";
import type { MimeBundle } from "../protocol.js";
import type { Checker } from "./checker.js";
import { type Definition, draftDocument, visibleNames } from "./documents.js";
import type { LanguageServer } from "./language-server.js";
import type { Completion, CursorRequest } from "./methods.js";

interface Place {
  readonly line: number;
  readonly character: number;
}

interface CompletionItem {
  readonly label: string;
  readonly kind?: number;
  readonly sortText?: string;
  readonly insertText?: string;
  readonly labelDetails?: { readonly detail?: string };
  readonly textEdit?: {
    readonly newText: string;
    readonly range?: { readonly start: Place; readonly end: Place };
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
    const before = code.slice(0, cursor);
    const [prefix] = isInString(before)
      ? (/[^/"'`]*$/.exec(before) ?? [""])
      : (/#?[\p{ID_Continue}$]*$/u.exec(before) ?? [""]);
    const start = cursor - prefix.length;
    const items = [...(Array.isArray(answer) ? answer : (answer?.items ?? []))];
    if (!isInString(before) && code[start - 1] !== ".")
      items.push(...definedItems(this.#checker.definitions));
    const fitting = items
      .filter(
        ({ label }) =>
          label.toLowerCase().startsWith(prefix.toLowerCase()) && !label.startsWith(".gradbook-"),
      )
      .sort((a, b) => compare(a.sortText ?? "", b.sortText ?? "") || compare(a.label, b.label));
    const found = new Map(fitting.map((item) => [item.insertText ?? item.label, item]));
    return {
      matches: [...found.keys()],
      start,
      end: cursor,
      types: [...found].map(([text, { kind = 6, labelDetails }]) => {
        const signature = labelDetails?.detail;
        return {
          text,
          type: kinds[kind] ?? "instance",
          start,
          end: cursor,
          ...(signature === undefined ? {} : { signature }),
        };
      }),
    };
  }

  /** What is at the cursor: the name under it, or the function whose arguments are being written. */
  async inspect({ code, cursor }: CursorRequest): Promise<{ data: MimeBundle } | undefined> {
    const { server, uri } = await this.#open(code);
    const at = (offset: number): object => ({ textDocument: { uri }, position: placeAt(code, offset) });
    const onName = /[\p{ID_Continue}$]/u.test(code[cursor] ?? "");
    const afterName = cursor > 0 && /[\p{ID_Continue}$]/u.test(code[cursor - 1]);
    const hover =
      onName || afterName ? await this.#hover(server, at(onName ? cursor : cursor - 1)) : undefined;
    const markdown = hover ?? (await this.#signature(server, at(cursor)));
    if (markdown === undefined) return undefined;
    const plain = markdown.replace(/^```\w*\n?/gm, "").trim();
    return { data: { "text/plain": plain, "text/markdown": markdown } };
  }

  async #hover(server: LanguageServer, place: object): Promise<string | undefined> {
    const answer = await server.request<{ contents: { value: string } | string } | null>(
      "textDocument/hover",
      place,
    );
    if (answer === null) return undefined;
    return typeof answer.contents === "string" ? answer.contents : answer.contents.value;
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

function placeAt(code: string, offset: number): Place {
  const lines = code.slice(0, offset).split("\n");
  return { line: lines.length - 1, character: lines[lines.length - 1].length };
}

/** Whether a line breaks off inside a quoted string: there, paths are completed. */
function isInString(before: string): boolean {
  const line = before.slice(before.lastIndexOf("\n") + 1);
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    if (line[i] === "\\") i++;
    else if (quote !== "" && line[i] === quote) quote = "";
    else if (quote === "" && /["'`]/.test(line[i])) quote = line[i];
  }
  return quote !== "";
}

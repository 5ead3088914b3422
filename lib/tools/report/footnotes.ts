import { escapeHtml } from "@gradbook/core/internal";
import type { MarkedExtension } from "marked";

/** Around a note's text in the HTML of its cell, until it is taken out. No text can hold them. */
const [open, middle, close] = ["\ue010", "\ue011", "\ue012"];
const notePattern = /\ue010([^\ue011]*)\ue011([^\ue012]*)\ue012/g;

const definition =
  /^ {0,3}\[\^([^\]\s]+)\]:[ \t]*([^\n]*(?:\n(?:[ \t]+\S[^\n]*|[^\s[#>|-][^\n]*))*)(?:\n+|$)/;

/**
 * Footnotes of a report: `word[^name]`, and `[^name]: the note` in the same cell or in any other. They are numbered in
 * the order in which the text names them, and stand together at the end.
 */
export class Footnotes {
  readonly #defined: ReadonlySet<string>;

  /** How often each is named, in the order of their numbers. */
  readonly #named = new Map<string, number>();

  readonly #texts = new Map<string, string>();

  /** @param texts all of the report's Markdown: a name that none of it defines is no footnote */
  constructor(texts: readonly string[] = []) {
    const names = texts.flatMap((text) =>
      [...text.matchAll(/^ {0,3}\[\^([^\]\s]+)\]:/gm)].map(([, name]) => name),
    );
    this.#defined = new Set(names);
  }

  /** @param insert keeps a piece of HTML out of the cleaning */
  extension(insert: (html: string) => string): MarkedExtension {
    const refer = (name: string) => this.#refer(name);
    const isDefined = (name: string) => this.#defined.has(name);
    return {
      extensions: [
        {
          name: "footnote",
          level: "block",
          start: (source) => source.match(/\n {0,3}\[\^[^\]\s]+\]:/)?.index,
          tokenizer(source) {
            const found = definition.exec(source);
            if (found === null) return undefined;
            const text = found[2].replace(/\n[ \t]+/g, "\n");
            return { type: "footnote", raw: found[0], name: found[1], tokens: this.lexer.inlineTokens(text) };
          },
          renderer(token) {
            const start = insert(`${open}${token.name}${middle}`);
            return `${start}${this.parser.parseInline(token.tokens ?? [])}${insert(close)}\n`;
          },
        },
        {
          name: "footnoteReference",
          level: "inline",
          start: (source) => source.indexOf("[^"),
          tokenizer(source) {
            const found = /^\[\^([^\]\s]+)\]/.exec(source);
            if (found === null || !isDefined(found[1])) return undefined;
            return { type: "footnoteReference", raw: found[0], name: found[1] };
          },
          renderer: (token) => insert(refer(String(token.name))),
        },
      ],
    };
  }

  /** The HTML of a cell without its notes, which are kept for the end. */
  takeOut(html: string): string {
    return html.replace(notePattern, (_, name: string, text: string) => {
      this.#texts.set(name, text);
      return "";
    });
  }

  /** All notes, for the end of the page; those that the text never names come last. */
  list(): string {
    const names = [
      ...this.#named.keys(),
      ...[...this.#texts.keys()].filter((name) => !this.#named.has(name)),
    ];
    if (names.length === 0) return "";
    const items = names.map((name, i) => {
      const times = this.#named.get(name) ?? 0;
      const back = Array.from({ length: times }, (_, n) => {
        const words = `Back to the text of note ${i + 1}${times > 1 ? `, place ${n + 1}` : ""}`;
        return ` <a href="#${anchor(i + 1, n)}" aria-label="${words}">↑</a>`;
      });
      return `<li id="note-${i + 1}">${this.#texts.get(name) ?? escapeHtml(name)}${back.join("")}</li>`;
    });
    return `<section class="footnotes" aria-label="Notes"><ol>${items.join("\n")}</ol></section>\n`;
  }

  #refer(name: string): string {
    const times = this.#named.get(name) ?? 0;
    this.#named.set(name, times + 1);
    const number = [...this.#named.keys()].indexOf(name) + 1;
    return `<sup><a id="${anchor(number, times)}" href="#note-${number}" aria-label="Note ${number}">${number}</a></sup>`;
  }
}

function anchor(number: number, time: number): string {
  return time === 0 ? `to-note-${number}` : `to-note-${number}-${time + 1}`;
}

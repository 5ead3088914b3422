import { escapeHtml } from "@gradbook/core/internal";
import type { Parser } from "@lezer/common";

/** Letters of one piece of code; more is data, and would make the page many times as large. */
const longestCode = 100_000;

const languages: Readonly<Record<string, () => Promise<Parser>>> = {
  typescript: async () => (await import("@lezer/javascript")).parser.configure({ dialect: "ts jsx" }),
  javascript: async () => (await import("@lezer/javascript")).parser.configure({ dialect: "jsx" }),
  python: async () => (await import("@lezer/python")).parser,
};

const otherNames: Readonly<Record<string, string>> = {
  ts: "typescript",
  tsx: "typescript",
  js: "javascript",
  jsx: "javascript",
  json: "javascript",
  py: "python",
  python3: "python",
  ipython: "python",
};

/** Code as HTML with its colours as classes; as it is typed where the language is not known. */
export type Highlighter = (source: string, language: string) => Promise<string>;

/** Marks keywords, texts, numbers, comments, types and calls, with the parsers of CodeMirror, which JupyterLab has too. */
export async function highlighter(): Promise<Highlighter> {
  const { highlightCode, tagHighlighter, tags } = await import("@lezer/highlight");
  const style = tagHighlighter([
    { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], class: "tok-keyword" },
    { tag: [tags.string, tags.special(tags.string), tags.regexp], class: "tok-string" },
    { tag: [tags.number, tags.bool, tags.null], class: "tok-number" },
    { tag: tags.comment, class: "tok-comment" },
    { tag: [tags.typeName, tags.className], class: "tok-type" },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], class: "tok-function" },
  ]);
  return async (source, language) => {
    const name = language.toLowerCase();
    const known = otherNames[name] ?? name;
    if (!Object.hasOwn(languages, known) || source.length > longestCode) return escapeHtml(source);
    const parser = await languages[known]();
    const parts: string[] = [];
    const put = (text: string, classes: string) =>
      parts.push(classes === "" ? escapeHtml(text) : `<span class="${classes}">${escapeHtml(text)}</span>`);
    highlightCode(source, parser.parse(source), style, put, () => parts.push("\n"));
    return parts.join("");
  };
}

import { isJsonObject, type Json, type JsonObject } from "@gradbook/base";
import type { Cell, Notebook } from "@gradbook/kernel/internal";
import { parse } from "yaml";
import type { CellPlace, Omissions } from "./omissions.js";

/** Who wrote a report. */
export interface Author {
  readonly name: string;
  /** Empty when it is not said. */
  readonly affiliation: string;
}

/** What stands over a report. */
export interface FrontMatter {
  /** Undefined: the notebook's first heading. */
  readonly title?: string;
  readonly authors: readonly Author[];
  /** As its author wrote it; empty when it is not said. */
  readonly date: string;
  /** Of the text, BCP 47; `"en"` when it is not said. */
  readonly lang: string;
  /** Whether the code of all cells stands in the PDF. */
  readonly code: boolean;
}

const known = ["title", "author", "authors", "affiliation", "date", "lang", "code"];

/**
 * Title, authors and date of a notebook: a first cell between two lines `---`, as Quarto has it, over what nbformat
 * has in the notebook's metadata.
 * @returns the notebook without that cell
 */
export function frontMatter(
  notebook: Notebook,
  omissions: Omissions,
): { readonly front: FrontMatter; readonly notebook: Notebook } {
  const { title, authors, date, lang, code } = notebook.metadata;
  const [first, ...cells] = notebook.cells;
  const place = { order: 0, words: "front matter" };
  const typed = first === undefined ? null : typedMatter(first, place, omissions);
  const given: JsonObject = { ...orNothing({ title, authors, date, lang, code }), ...typed };
  const affiliation = words(given.affiliation);
  return {
    front: {
      ...(words(given.title) === "" ? {} : { title: words(given.title) }),
      authors: list(given.author ?? given.authors).flatMap((one) => author(one, affiliation)),
      date: words(given.date),
      lang: words(given.lang) || "en",
      code: given.code === true || words(given.code) === "true",
    },
    notebook: typed === null ? notebook : { ...notebook, cells },
  };
}

/** The YAML of a cell that is nothing else; null when it is no such cell, or cannot be read, which is told. */
function typedMatter(cell: Cell, place: CellPlace, omissions: Omissions): JsonObject | null {
  if (cell.cell_type === "code") return null;
  const found = /^---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*$/.exec(cell.source.trim());
  if (found === null) return null;
  try {
    // dates and the like stay the text that they are; 100 aliases are more than any title needs
    const matter: Json = parse(found[1], { schema: "failsafe", maxAliasCount: 100 });
    if (!isJsonObject(matter)) throw new Error("it has no keys");
    const others = Object.keys(matter).filter((key) => !known.includes(key));
    if (others.length > 0) omissions.add(place, `${others.join(", ")} (a report uses ${known.join(", ")})`);
    return matter;
  } catch (error) {
    const [why] = (error instanceof Error ? error.message : String(error)).split("\n");
    omissions.add(place, `it cannot be read (${why})`);
    return null;
  }
}

function orNothing(given: Readonly<Record<string, Json | undefined>>): JsonObject {
  const entries = Object.entries(given).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries(entries);
}

function list(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null || value === "") return [];
  return Array.isArray(value) ? value : [value];
}

function words(value: Json | undefined): string {
  if (Array.isArray(value))
    return value
      .map(words)
      .filter((text) => text !== "")
      .join(", ");
  if (isJsonObject(value)) return words(value.name);
  return typeof value === "string" ? value.trim().replace(/\s+/g, " ") : "";
}

/** A name, or `{ name, affiliation }` as Quarto and nbformat have it. */
function author(value: Json, common: string): readonly Author[] {
  const name = words(value);
  if (name === "") return [];
  const own = isJsonObject(value) ? words(value.affiliation ?? value.affiliations) : "";
  return [{ name, affiliation: own === "" ? common : own }];
}

/** In one line: `A. Author (ETH Zürich), B. Author`. */
export function authorLine(authors: readonly Author[]): string {
  return authors
    .map(({ name, affiliation }) => (affiliation === "" ? name : `${name} (${affiliation})`))
    .join(", ");
}

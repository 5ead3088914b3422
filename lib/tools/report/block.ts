import type { JsonObject, MimeBundle } from "@gradbook/base";
import type { Figure, Table } from "@gradbook/core";
import type { Picture } from "../render/picture.js";
import type { AnyPicture } from "./any-picture.js";
import type { Author } from "./front-matter.js";
import type { CellPlace } from "./omissions.js";
import type { TerminalText } from "./terminal-text.js";

/** One piece of a report, in reading order. */
export type Block =
  | {
      readonly kind: "prose";
      readonly markdown: string;
      readonly attachments: Readonly<Record<string, MimeBundle>>;
      readonly place: CellPlace;
    }
  | {
      readonly kind: "code";
      readonly source: string;
      readonly cell: number;
      readonly place: CellPlace;
      /** Whether its author wants it read: it stands in the PDF too. */
      readonly isShown: boolean;
    }
  | {
      readonly kind: "figure";
      readonly name: string;
      readonly figure: Figure;
      readonly cell: number;
      readonly place: CellPlace;
    }
  | {
      readonly kind: "picture";
      readonly name: string;
      readonly picture: AnyPicture;
      /** The same in fewer pixels, for page and PDF, when it is too heavy for them. */
      readonly small?: Picture;
      readonly text: string;
      /** CSS pixels; null for those of the picture. */
      readonly width: number | null;
      readonly place: CellPlace;
    }
  | {
      readonly kind: "table";
      readonly name: string;
      readonly table: Table;
      readonly cell: number;
      readonly place: CellPlace;
    }
  | {
      readonly kind: "text";
      readonly text: TerminalText;
      readonly stream: "stdout" | "stderr" | "result" | "error" | "raw";
      readonly place: CellPlace;
    }
  /** HTML that was cleaned. */
  | { readonly kind: "html"; readonly html: string; readonly place: CellPlace }
  /** What stands in place of an output that has no other form in a report. */
  | { readonly kind: "left"; readonly what: string }
  /** What its author hid behind a button: folded on the page, left out on paper. */
  | { readonly kind: "folded"; readonly summary: string; readonly blocks: readonly Block[] };

/** What a report is made of. */
export interface Contents {
  readonly title: string;
  readonly authors: readonly Author[];
  /** As its author wrote it; empty when it is not said. */
  readonly date: string;
  /** Of its text, BCP 47. */
  readonly lang: string;
  /** Language of its code, e.g. `typescript`. */
  readonly language: string;
  readonly blocks: readonly Block[];
  /** All `metrics(…)` of the notebook, merged; a later key wins. */
  readonly metrics: JsonObject;
  /** Sources of the cells that hold the configuration. */
  readonly config: readonly string[];
}

/** All blocks, those inside folded ones too. */
export function flat(blocks: readonly Block[]): readonly Block[] {
  return blocks.flatMap((block) => (block.kind === "folded" ? flat(block.blocks) : [block]));
}

import type { Positions } from "../threads.js";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Set on the closing half of a pair: where the opening half stands. */
  readonly opened?: number;
}

/**
 * Collects edits of a text and carries them out, keeping account of where every piece came from, first in this text
 * and then, through the source map that made it, in what the user wrote.
 */
export class Rewrite {
  readonly #text: string;
  readonly #edits: Edit[] = [];
  readonly #first: (readonly [start: number, end: number])[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text });
  }

  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Puts a piece between `open` and `close`. Of two pairs around the same piece the first one is the outer. */
  wrap(start: number, end: number, open: string, close: string): void {
    this.insert(start, open);
    this.#edits.push({ start: end, end, text: close, opened: start });
  }

  /** Moves a piece to the front; pieces keep their order. Its edits go with it. */
  moveToFront(start: number, end: number): void {
    this.#first.push([start, end]);
  }

  /** @param runs from this text to `source`, as in `Positions` */
  render(
    before: string,
    after: string,
    file: string,
    source: string,
    runs: readonly number[],
  ): { code: string; positions: Positions } {
    const edits = this.#edits.map((edit, i) => ({ ...edit, i })).sort(inOrder);
    const out = new Tracker(this.#text, runs);
    out.add(before, undefined);
    for (const [start, end] of this.#first) {
      this.#renderRange(start, end, edits, out, []);
      out.add(";", undefined);
    }
    this.#renderRange(0, this.#text.length, edits, out, this.#first);
    out.add(after, undefined);
    return { code: out.code, positions: { file, source, runs: Int32Array.from(out.runs) } };
  }

  #renderRange(
    start: number,
    end: number,
    edits: readonly Edit[],
    out: Tracker,
    skip: readonly (readonly [number, number])[],
  ): void {
    let at = start;
    const copyTo = (to: number): void => {
      for (const [from, until] of skip) {
        if (from < at || until > to) continue;
        out.copy(at, from);
        at = until;
      }
      out.copy(at, to);
      at = to;
    };
    for (const edit of edits) {
      if (edit.start < start || edit.end > end || edit.start < at) continue;
      if (skip.some(([from, until]) => edit.start >= from && edit.end <= until)) continue;
      copyTo(edit.start);
      out.add(edit.text, edit.start);
      at = edit.end;
    }
    copyTo(end);
  }
}

/** At one place, what closes comes before what opens; inner pairs close first and open last. */
function inOrder(a: Edit & { i: number }, b: Edit & { i: number }): number {
  if (a.start !== b.start) return a.start - b.start;
  if (a.opened !== undefined && b.opened !== undefined) return b.opened - a.opened || b.i - a.i;
  if (a.opened !== undefined || b.opened !== undefined) return a.opened !== undefined ? -1 : 1;
  return a.i - b.i;
}

/** Builds a text and the runs of its positions. */
class Tracker {
  code = "";
  readonly runs: number[] = [];
  readonly #text: string;
  readonly #lineStarts: number[];
  readonly #map: readonly number[];
  #line = 0;
  #lineStart = 0;

  /** @param map runs from `text` to the source */
  constructor(text: string, map: readonly number[]) {
    this.#text = text;
    this.#map = map;
    this.#lineStarts = [0];
    for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) this.#lineStarts.push(i + 1);
  }

  /** New text, which stands for the place `from` of the old text. */
  add(text: string, from: number | undefined): void {
    if (text === "") return;
    if (from === undefined) this.runs.push(this.#line, this.#column(), -1, -1);
    else this.#run(this.#mapIndex(from), 0);
    this.#append(text);
  }

  copy(start: number, end: number): void {
    if (start >= end) return;
    let at = start;
    let index = this.#mapIndex(start);
    this.#run(index, this.#distance(start, index));
    // One run for every place of the source map within the piece.
    for (index++; 4 * index < this.#map.length; index++) {
      const next = this.#lineStarts[this.#map[4 * index]] + this.#map[4 * index + 1];
      if (next >= end) break;
      if (next <= at) continue;
      this.#append(this.#text.slice(at, next));
      at = next;
      this.#run(index, 0);
    }
    this.#append(this.#text.slice(at, end));
  }

  /** @param right columns to the right of the map's place */
  #run(index: number, right: number): void {
    if (index < 0) this.runs.push(this.#line, this.#column(), -1, -1);
    else
      this.runs.push(this.#line, this.#column(), this.#map[4 * index + 2], this.#map[4 * index + 3] + right);
  }

  #column(): number {
    return this.code.length - this.#lineStart;
  }

  #append(text: string): void {
    for (let i = text.indexOf("\n"); i !== -1; i = text.indexOf("\n", i + 1)) {
      this.#line++;
      this.#lineStart = this.code.length + i + 1;
    }
    this.code += text;
  }

  /** Last run of the map at or before an offset of the old text. */
  #mapIndex(offset: number): number {
    let low = 0;
    let high = this.#map.length / 4;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lineStarts[this.#map[4 * middle]] + this.#map[4 * middle + 1] <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #distance(offset: number, index: number): number {
    if (index < 0) return 0;
    const start = this.#lineStarts[this.#map[4 * index]] + this.#map[4 * index + 1];
    return this.#text.slice(start, offset).includes("\n") ? 0 : offset - start;
  }
}

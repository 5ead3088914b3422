import type { FloatArray } from "./tensor.js";

/** Keeps arrays as they were at a moment, to put them back. Taking a second time reuses the memory of the first. */
export class Snapshot {
  private readonly sources: readonly (() => FloatArray)[];

  private copies: FloatArray[] = [];

  /** @param sources give the arrays as they are now; an array may be replaced by another one in between */
  constructor(sources: readonly (() => FloatArray)[]) {
    this.sources = sources;
  }

  take(): void {
    for (const [i, source] of this.sources.entries()) {
      const now = source();
      const copy = this.copies[i];
      if (copy?.length === now.length) copy.set(now);
      else this.copies[i] = now.slice();
    }
  }

  /** Array i as it was. */
  at(i: number): FloatArray {
    return this.copies[i];
  }

  restore(): void {
    for (const [i, source] of this.sources.entries()) source().set(this.copies[i]);
  }
}

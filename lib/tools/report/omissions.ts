/** A cell of the notebook, as a report names it. */
export interface CellPlace {
  /** Position in the notebook, for the order. */
  readonly order: number;
  /** `cell 3` (code cells are counted from 1), or `text after cell 3`. */
  readonly words: string;
}

/** Something of the notebook that a report does not hold, or not as it was. */
export interface Omission {
  readonly place: string;
  readonly what: string;
}

/** Gathers what a report leaves out, wherever it is found, in the order of the notebook and each once. */
export class Omissions {
  readonly #found = new Map<string, { readonly place: CellPlace; readonly what: string }>();

  add(place: CellPlace, what: string): void {
    this.#found.set(`${place.order} ${what}`, { place, what });
  }

  list(): readonly Omission[] {
    return [...this.#found.values()]
      .sort((a, b) => a.place.order - b.place.order)
      .map(({ place, what }) => ({ place: place.words, what }));
  }
}

import type { LanguageServer } from "./language-server.js";

/** Files are made in this number at a time. */
const batch = 16;
const empty = "export {};\n";

/**
 * The files of cells that later cells refer to, numbered. They are made ahead of need and used again: a new text in a
 * known file costs TypeScript a millisecond, a new file ten.
 */
export class Slots {
  readonly #path: (slot: number) => string;
  readonly #texts: (string | undefined)[] = [];
  #made = 0;

  constructor(path: (slot: number) => string) {
    this.#path = path;
  }

  /** Tells a new server of all files. */
  announce(server: LanguageServer): void {
    this.#made = Math.max(this.#made, batch);
    for (let slot = 0; slot < this.#made; slot++)
      server.setText(this.#path(slot), this.#texts[slot] ?? empty);
  }

  /** The number that the next `fill` will use. */
  next(): number {
    const free = this.#texts.indexOf(undefined);
    return free === -1 ? this.#texts.length : free;
  }

  fill(slot: number, text: string, server: LanguageServer): void {
    this.#texts[slot] = text;
    for (; this.#made <= slot; this.#made += batch) {
      for (let i = 0; i < batch; i++) server.setText(this.#path(this.#made + i), empty);
    }
    server.setText(this.#path(slot), text);
  }

  free(slot: number, server: LanguageServer): void {
    this.#texts[slot] = undefined;
    server.setText(this.#path(slot), empty);
  }
}

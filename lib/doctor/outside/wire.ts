// Bytes of a message: plain data with tags, every size checked by who reads it.
import {
  apply,
  Bytes,
  charCodeAt,
  Doubles,
  fromCharCode,
  NewArrayBuffer,
  NewError,
  sameValue,
  setBytes,
  setProperty,
  subBytes,
  subUnits,
  Units,
  Words,
} from "./primordials.js";

/** Most bytes of one message. */
export const largest = 1 << 26;

export const tooLarge = "more than a message holds";
export const malformed = "a message out of form";

export class Writer {
  at = 0;
  #size = 1 << 16;
  #bytes = new Bytes(new NewArrayBuffer(this.#size));
  #units = new Units(this.#bytes.buffer);
  #words = new Words(this.#bytes.buffer);
  #doubles = new Doubles(this.#bytes.buffer);

  /** The bytes so far, where they stand. */
  view(from: number, to: number): Uint8Array {
    return subBytes(this.#bytes, from, to);
  }

  /** Zeros up to the next multiple of `step`. */
  align(step: number): void {
    this.#room(step);
    while (this.at % step !== 0) this.#bytes[this.at++] = 0;
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.at++] = value;
  }

  word(value: number): void {
    this.align(4);
    this.#room(4);
    this.#words[this.at / 4] = value;
    this.at += 4;
  }

  setWord(at: number, value: number): void {
    this.#words[at / 4] = value;
  }

  double(value: number): void {
    this.align(8);
    this.#room(8);
    this.#doubles[this.at / 8] = value;
    this.at += 8;
  }

  /** @returns false, with some of them written, when there is anything but numbers among them */
  doubles(values: readonly unknown[], count: number): boolean {
    this.align(8);
    this.#room(8 * count);
    const doubles = this.#doubles;
    const from = this.at / 8;
    for (let i = 0; i < count; i++) {
      const value = values[i];
      if (typeof value !== "number") return false;
      doubles[from + i] = value;
    }
    this.at += 8 * count;
    return true;
  }

  text(text: string): void {
    const { length } = text;
    this.word(length);
    this.#room(2 * length);
    for (let i = 0, at = this.at / 2; i < length; i++) this.#units[at + i] = charCodeAt(text, i);
    this.at += 2 * length;
  }

  raw(bytes: Uint8Array, length: number): void {
    this.word(length);
    this.align(8);
    this.#room(length);
    setBytes(this.#bytes, bytes, this.at);
    this.at += length;
  }

  #room(more: number): void {
    const wanted = this.at + more + 8;
    if (wanted <= this.#size) return;
    if (wanted > largest) throw new NewError(tooLarge);
    while (this.#size < wanted) this.#size *= 2;
    const old = this.#bytes;
    this.#bytes = new Bytes(new NewArrayBuffer(this.#size));
    setBytes(this.#bytes, old, 0);
    this.#units = new Units(this.#bytes.buffer);
    this.#words = new Words(this.#bytes.buffer);
    this.#doubles = new Doubles(this.#bytes.buffer);
  }
}

export class Reader {
  at = 0;
  readonly size: number;
  readonly #bytes: Uint8Array;
  readonly #units: Uint16Array;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;

  /** @param size how many of the buffer's bytes are the message's; the buffer's length is a multiple of 8 */
  constructor(buffer: ArrayBuffer, size: number) {
    this.size = size;
    this.#bytes = new Bytes(buffer);
    this.#units = new Units(buffer);
    this.#words = new Words(buffer);
    this.#doubles = new Doubles(buffer);
  }

  align(step: number): void {
    while (this.at % step !== 0) this.at++;
  }

  byte(): number {
    return this.#bytes[this.#take(1)];
  }

  word(): number {
    this.align(4);
    return this.#words[this.#take(4) / 4];
  }

  double(): number {
    this.align(8);
    return this.#doubles[this.#take(8) / 8];
  }

  /** Numbers in place of others; what is the same stays untouched. */
  doubles(target: unknown[], count: number): void {
    this.align(8);
    const from = this.#take(8 * count) / 8;
    for (let i = 0; i < count; i++) {
      const value = this.#doubles[from + i];
      if (!sameValue(target[i], value)) setProperty(target, i, value);
    }
  }

  text(): string {
    const length = this.word();
    const from = this.#take(2 * length) / 2;
    let text = "";
    for (let i = 0; i < length; i += 4096)
      text += apply(
        fromCharCode,
        undefined,
        subUnits(this.#units, from + i, from + (i + 4096 < length ? i + 4096 : length)),
      );
    return text;
  }

  raw(): Uint8Array {
    const length = this.word();
    this.align(8);
    const from = this.#take(length);
    return subBytes(this.#bytes, from, from + length);
  }

  #take(count: number): number {
    const from = this.at;
    if (count > this.size - from) throw new NewError(malformed);
    this.at = from + count;
    return from;
  }
}

/** A copy that keeps its bytes. */
export function copied(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Bytes(length);
  setBytes(copy, bytes, 0);
  return copy;
}

export function sameBytes(a: Uint8Array, b: Uint8Array, aLength: number, bLength: number): boolean {
  if (aLength !== bLength) return false;
  for (let i = 0; i < aLength; i++) if (a[i] !== b[i]) return false;
  return true;
}

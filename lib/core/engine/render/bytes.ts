const numbers = new DataView(new ArrayBuffer(8));

/** A growing run of bytes with the number formats of WebAssembly. */
export class Bytes {
  private data = new Uint8Array(1024);
  private used = 0;

  get length(): number {
    return this.used;
  }

  byte(value: number): void {
    this.reserve(1);
    this.data[this.used++] = value;
  }

  append(values: ArrayLike<number>): void {
    this.reserve(values.length);
    this.data.set(values, this.used);
    this.used += values.length;
  }

  /** Unsigned LEB128. */
  unsigned(value: number): void {
    let rest = value;
    do {
      const low = rest % 128;
      rest = Math.floor(rest / 128);
      this.byte(rest > 0 ? low | 0x80 : low);
    } while (rest > 0);
  }

  /** Signed LEB128 of a 32-bit integer. */
  signed(value: number): void {
    let rest = value | 0;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.byte(done ? low : low | 0x80);
      if (done) return;
    }
  }

  /** 32 bits, lowest byte first. */
  word(value: number): void {
    for (let shift = 0; shift < 32; shift += 8) this.byte((value >>> shift) & 0xff);
  }

  float32(value: number): void {
    numbers.setFloat32(0, value);
    this.word(numbers.getInt32(0));
  }

  float64(value: number): void {
    numbers.setFloat64(0, value);
    this.word(numbers.getInt32(4));
    this.word(numbers.getInt32(0));
  }

  text(value: string): void {
    const encoded = new TextEncoder().encode(value);
    this.unsigned(encoded.length);
    this.append(encoded);
  }

  /** A part with its length in front: sections and function bodies. */
  sized(part: Bytes): void {
    this.unsigned(part.length);
    this.append(part.view());
  }

  view(): Uint8Array {
    return this.data.subarray(0, this.used);
  }

  private reserve(more: number): void {
    if (this.used + more <= this.data.length) return;
    const grown = new Uint8Array(Math.max(2 * this.data.length, this.used + more));
    grown.set(this.data.subarray(0, this.used));
    this.data = grown;
  }
}

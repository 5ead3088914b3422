/** One file of an archive. `body` must be read to its end before the next entry is asked for, or not at all. */
export interface TarEntry {
  /** The last part of its path: archives differ in the folders around it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  body(): AsyncGenerator<Uint8Array>;
}

const blockBytes = 512;

/**
 * The files of a tar archive, in the order in which they stand. Folders, links and extended headers are left out, and
 * so are the `._*` files that macOS adds: one mirror's archive has such a twin for each batch.
 * @throws Error when the archive is cut or a header is damaged
 */
export async function* readTar(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry> {
  const reader = new Reader(bytes);
  for (;;) {
    const header = await reader.take(blockBytes);
    if (header.every((byte) => byte === 0)) return;
    refuseDamaged(header);
    const name = text(header, 0, 100).split("/").at(-1) ?? "";
    const size = Number.parseInt(text(header, 124, 12).trim() || "0", 8);
    const type = text(header, 156, 1);
    const entry = { left: size };
    if ((type === "0" || type === "") && !name.startsWith("._")) {
      yield { name, size, body: () => reader.stream(entry) };
    }
    for await (const _ of reader.stream(entry));
    await reader.take((blockBytes - (size % blockBytes)) % blockBytes);
  }
}

/** Sum of all bytes of the header, its own eight read as spaces. */
function refuseDamaged(header: Uint8Array): void {
  const sum = header.reduce((a, byte, i) => a + (i >= 148 && i < 156 ? 32 : byte), 0);
  if (sum !== Number.parseInt(text(header, 148, 8).trim(), 8)) throw new Error("the archive is damaged");
}

function text(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end));
}

/** Pieces of any size in, pieces of the size asked for out. */
class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#source = bytes[Symbol.asyncIterator]();
  }

  async take(length: number): Promise<Uint8Array> {
    const result = new Uint8Array(length);
    let filled = 0;
    for await (const piece of this.stream({ left: length })) {
      result.set(piece, filled);
      filled += piece.length;
    }
    return result;
  }

  /** The next `entry.left` bytes; counts them down, so that whoever stops early can be overtaken. */
  async *stream(entry: { left: number }): AsyncGenerator<Uint8Array> {
    while (entry.left > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) throw new Error("the archive is cut short");
        this.#rest = next.value;
      }
      const piece = this.#rest.subarray(0, entry.left);
      this.#rest = this.#rest.subarray(piece.length);
      entry.left -= piece.length;
      yield piece;
    }
  }
}

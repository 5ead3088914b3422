import { pngUri } from "@gradbook/core/internal";

import { measure } from "./font.js";

/** A picture that can be drawn on a canvas: red, green, blue, alpha. */
export interface CanvasImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/**
 * The few calls of a 2-D canvas that Plotly's heatmaps and images make: pixels in, PNG out. jsdom has no canvas of its
 * own, and the native packages draw differently on different machines.
 */
export class TinyCanvas {
  readonly width: number;
  readonly height: number;

  fillStyle = "rgba(0,0,0,1)";
  font = "12px";
  #pixels: Uint8ClampedArray;
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;

    this.#pixels = new Uint8ClampedArray(width * height * 4);
  }

  createImageData(width: number, height: number): { width: number; height: number; data: Uint8ClampedArray } {
    return { width, height, data: new Uint8ClampedArray(width * height * 4) };
  }

  putImageData(image: { readonly data: Uint8ClampedArray }): void {
    this.#pixels = Uint8ClampedArray.from(image.data);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const color = parseRgba(this.fillStyle);
    for (let row = Math.max(0, y); row < Math.min(this.height, y + height); row++) {
      for (let column = Math.max(0, x); column < Math.min(this.width, x + width); column++) {
        this.#pixels.set(color, (row * this.width + column) * 4);
      }
    }
  }

  /** The whole picture at its size, from the left top corner on: Plotly draws it no other way. */
  drawImage({ width, height, pixels }: CanvasImage, left = 0, top = 0): void {
    for (let row = 0; row < Math.min(height, this.height - top); row++) {
      const columns = Math.min(width, this.width - left);
      const from = row * width * 4;
      this.#pixels.set(pixels.subarray(from, from + columns * 4), ((row + top) * this.width + left) * 4);
    }
  }

  getImageData(left: number, top: number, width: number, height: number): { data: Uint8ClampedArray } {
    const data = new Uint8ClampedArray(width * height * 4);
    for (let row = 0; row < Math.min(height, this.height - top); row++) {
      const from = ((row + top) * this.width + left) * 4;
      data.set(this.#pixels.subarray(from, from + Math.min(width, this.width - left) * 4), row * width * 4);
    }
    return { data };
  }

  measureText(text: string): { readonly width: number } {
    return { width: measure(text, Number.parseFloat(/[\d.]+px/.exec(this.font)?.[0] ?? "12")) };
  }

  // Measured or blank while Plotly's WebGL kinds are loaded, whose pictures are never asked for.
  clearRect(): void {}
  fillText(): void {}

  /** @param paper `#rrggbb` behind what is transparent */
  toDataURL(paper = "#ffffff"): string {
    return pngUri(this.width, this.height, withoutDarkEdges(this.#pixels, paper));
  }
}

/**
 * Gives what is transparent the colour of the paper. Readers of PDF take the mean of colours and of alphas apart where
 * they scale a picture: beside transparent black every cell of a heat map would have a grey edge.
 */
function withoutDarkEdges(pixels: Uint8ClampedArray, paper: string): Uint8ClampedArray {
  const color = [1, 3, 5].map((at) => Number.parseInt(paper.slice(at, at + 2), 16));
  const filled = Uint8ClampedArray.from(pixels);
  for (let i = 0; i < filled.length; i += 4) if (filled[i + 3] === 0) filled.set(color, i);
  return filled;
}

/** `rgba(12,34,56)` (no alpha: opaque) → four bytes. */
function parseRgba(style: string): [number, number, number, number] {
  const [red = 0, green = 0, blue = 0, alpha = 1] = (style.match(/[\d.]+/g) ?? []).map(Number);
  return [red, green, blue, Math.round(alpha * 255)];
}

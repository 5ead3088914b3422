import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { DOMWindow } from "jsdom";
import { type Box, boundingBox, type SvgNode, textLength } from "./boxes.js";
import { TinyCanvas } from "./canvas.js";
import { loadFonts } from "./font.js";

const require = createRequire(import.meta.url);

interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** A window without a browser, in which Plotly draws. */
export interface PlotlyWindow {
  /** Plotly's SVG, with ids that depend on the seed alone. */
  draw(json: string, size: PixelSize, seed: number): Promise<string>;
  readonly version: string;
}

let ready: Promise<PlotlyWindow> | undefined;
let queue: Promise<unknown> = Promise.resolve();

/** One window for the process; it is made at the first figure (about half a second). */
export function plotlyWindow(): Promise<PlotlyWindow> {
  ready ??= open();
  return ready;
}

export const plotlyFile = (): string => require.resolve("plotly.js-cartesian-dist-min");

async function open(): Promise<PlotlyWindow> {
  const { JSDOM } = await import("jsdom");
  await loadFonts();
  const { window } = new JSDOM("<!doctype html><html><body></body></html>", { runScripts: "outside-only" });
  completeWindow(window);
  window.eval(readFileSync(plotlyFile(), "utf8"));
  const plotly = window.Plotly;
  const drawNow = async (json: string, { width, height }: PixelSize, seed: number): Promise<string> => {
    window.Math.random = seededRandom(seed);
    const uri = await plotly.toImage(window.JSON.parse(json), { format: "svg", width, height });
    return decodeURIComponent(uri.slice(uri.indexOf(",") + 1));
  };
  return {
    version: plotly.version,
    // One after the other, because the window's Math.random belongs to one figure at a time.
    draw(json, size, seed) {
      const drawn = queue.then(() => drawNow(json, size, seed));
      queue = drawn.catch(() => {});
      return drawn;
    },
  };
}

/** Gives jsdom what Plotly expects of a browser and jsdom leaves out. */
function completeWindow(window: DOMWindow): void {
  window.URL.createObjectURL = () => "blob:none";
  window.URL.revokeObjectURL = () => {};
  Object.assign(window, { CSS: { supports: () => true } });

  const toRect = (box: Box) => ({
    ...box,
    x: box.left,
    y: box.top,
    width: box.right - box.left,
    height: box.bottom - box.top,
  });
  const { SVGElement, HTMLCanvasElement } = window;
  Object.assign(SVGElement.prototype, {
    getBBox(this: SvgNode) {
      return toRect(boundingBox(this));
    },
    getBoundingClientRect(this: SvgNode) {
      return toRect(boundingBox(this));
    },
    getComputedTextLength(this: SvgNode) {
      return textLength(this);
    },
  });

  const canvases = new WeakMap<object, TinyCanvas>();
  Object.assign(HTMLCanvasElement.prototype, {
    getContext(this: { readonly width: number; readonly height: number }) {
      const canvas = new TinyCanvas(this.width, this.height);
      canvases.set(this, canvas);
      return canvas;
    },
    toDataURL(this: object) {
      return canvases.get(this)?.toDataURL() ?? "data:,";
    },
  });
}

/** Numbers in [0, 1) from a 32-bit seed (Marsaglia's xorshift32; zero is not a state). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

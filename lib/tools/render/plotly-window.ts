import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { themes } from "@gradbook/core/internal";
import type { DOMWindow } from "jsdom";
import { svgPathProperties } from "svg-path-properties";
import { type Box, boundingBox, type SvgNode, textLength } from "./boxes.js";
import { type CanvasImage, TinyCanvas } from "./canvas.js";
import { type Formula, formulas } from "./formula.js";
import { picturePixels, readPictureUri } from "./picture.js";

const require = createRequire(import.meta.url);

interface PixelSize {
  readonly width: number;
  readonly height: number;
  readonly meta: { readonly theme: "light" | "dark" };
}

/** A window without a browser, in which Plotly draws. */
export interface PlotlyWindow {
  /** Plotly's SVG, with ids that depend on the seed alone. */
  draw(json: string, size: PixelSize, seed: number): Promise<string>;
  readonly version: string;
  /** Kinds of traces that this Plotly draws, by its own schema. */
  readonly traceTypes: readonly string[];
}

/** Plotly with the kinds of traces that figures of ours are made of, and with all that there are. */
export type Bundle = "cartesian" | "full";

const packages = { cartesian: "plotly.js-cartesian-dist-min", full: "plotly.js-dist" } as const;

export const plotlyFile = (bundle: Bundle): string => require.resolve(packages[bundle]);

const ready = new Map<Bundle, Promise<PlotlyWindow>>();

/** One window for each bundle and process; it is made at the first figure (about half a second). */
export function plotlyWindow(bundle: Bundle): Promise<PlotlyWindow> {
  const window = ready.get(bundle) ?? open(bundle);
  ready.set(bundle, window);
  return window;
}

/** Milliseconds after which a figure that waits for something that never comes is given up. */
const longestWait = 60_000;

async function open(bundle: Bundle): Promise<PlotlyWindow> {
  const { JSDOM } = await import("jsdom");
  const { window } = new JSDOM("<!doctype html><html><body></body></html>", { runScripts: "outside-only" });
  const paper = { color: themes.light.paper };
  completeWindow(window, paper);
  window.eval(readFileSync(plotlyFile(bundle), "utf8"));
  const plotly = window.Plotly;
  let formula: Formula | undefined;
  const shim = mathJax(window, (tex, display) => {
    if (formula === undefined) throw new Error("there is no formula in the figure");
    return formula(tex, display);
  });
  const drawNow = async (json: string, { width, height, meta }: PixelSize, seed: number): Promise<string> => {
    window.Math.random = seededRandom(seed);
    paper.color = themes[meta.theme].paper;
    // Plotly looks for it at each text, and keeps its document: one figure's macros must not reach the next.
    if (/\$[^$]+\$/.test(json)) formula = await formulas();
    window.MathJax = formula === undefined ? undefined : shim;
    const image = plotly.toImage(window.JSON.parse(json), { format: "svg", width, height });
    const uri = await inTime(image, longestWait);
    return decodeURIComponent(uri.slice(uri.indexOf(",") + 1));
  };
  let queue: Promise<unknown> = Promise.resolve();
  return {
    version: plotly.version,
    traceTypes: Object.keys(plotly.PlotSchema.get().traces),
    // One after the other, because the window's Math.random belongs to one figure at a time.
    draw(json, size, seed) {
      const drawn = queue.then(() => drawNow(json, size, seed));
      queue = drawn.catch(() => {});
      return drawn;
    },
  };
}

async function inTime<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`Plotly did not finish within ${milliseconds / 1000} s`);
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The parts of MathJax that Plotly calls for a text between dollars; behind them the drawer that reports have too,
 * without a network and with the same bytes everywhere.
 */
function mathJax(window: DOMWindow, formula: Formula): object {
  const convert = (tex: string) => {
    const holder = window.document.createElement("span");
    holder.className = "MathJax";
    holder.innerHTML = formula(tex, false).svg;
    return holder;
  };
  class Output {}
  return {
    version: "3.2.2",
    _: {
      output: { svg_ts: { SVG: Output } },
      mathjax: {
        mathjax: {
          document: () => ({ convert }),
          handleRetriesFor: async (work: () => unknown) => work(),
        },
      },
    },
    config: { svg: {}, options: {} },
    startup: { input: [] },
  };
}

/** Gives jsdom what Plotly expects of a browser and jsdom leaves out. */
function completeWindow(window: DOMWindow, paper: { readonly color: string }): void {
  window.URL.createObjectURL = () => "blob:none";
  window.URL.revokeObjectURL = () => {};
  Object.assign(window, { CSS: { supports: () => true }, TextDecoder, TextEncoder, Image: WindowImage });

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
    getTotalLength(this: SvgNode) {
      return pathOf(this).getTotalLength();
    },
    getPointAtLength(this: SvgNode, length: number) {
      return pathOf(this).getPointAtLength(length);
    },
  });

  const canvases = new WeakMap<object, TinyCanvas>();
  Object.assign(HTMLCanvasElement.prototype, {
    // No WebGL: what needs it is never handed to this window.
    getContext(this: { readonly width: number; readonly height: number }, kind: string) {
      if (kind !== "2d") return null;
      const known = canvases.get(this);
      if (known?.width === this.width && known.height === this.height) return known;
      const canvas = new TinyCanvas(this.width, this.height);
      canvases.set(this, canvas);
      return canvas;
    },
    toDataURL(this: object) {
      return canvases.get(this)?.toDataURL(paper.color) ?? "data:,";
    },
  });
}

function pathOf(node: SvgNode): InstanceType<typeof svgPathProperties> {
  return new svgPathProperties(node.getAttribute?.("d") ?? "M0,0");
}

/** `new Image()`: jsdom loads no pictures. This one decodes those of a data URI, and asks nobody for the others. */
class WindowImage implements CanvasImage {
  width = 0;
  height = 0;
  pixels: Uint8Array = new Uint8Array();
  onload: () => void = () => {};
  onerror: () => void = () => {};

  set src(uri: string) {
    void this.#load(uri);
  }

  setAttribute(name: string, value: string): void {
    if (name === "src") this.src = value;
  }

  async #load(uri: string): Promise<void> {
    const picture = await readPictureUri(uri);
    if (typeof picture === "string") return this.onerror();
    this.width = picture.width;
    this.height = picture.height;
    this.pixels = await picturePixels(picture);
    this.onload();
  }
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

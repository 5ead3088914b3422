import type { Figure } from "../figures/figure.js";

/** Draws a figure without a browser. */
export interface Drawer {
  readonly renderSvg: (figure: Figure) => Promise<string>;
  /** @param scale pixels of the picture for each pixel of the figure */
  readonly renderSmallPng: (svg: string, scale: number) => Promise<Uint8Array>;
}

let load: (() => Promise<Drawer>) | undefined;

/**
 * Says what draws the pictures of `show` and `live`. A figure is plain JSON, and drawing it takes more than this whole
 * library; where nobody says it, a front end gets the JSON alone and draws by itself.
 * @param drawer is called at the first picture
 */
export function setDrawer(drawer: () => Promise<Drawer>): void {
  load = drawer;
}

/** What draws, if anything does. */
export function loadDrawer(): Promise<Drawer> | undefined {
  return load?.();
}

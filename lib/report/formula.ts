import { createRequire } from "node:module";

/** What is used of MathJax, which brings no types of its own for this entry. */
interface MathJax {
  tex2svg(tex: string, options: { readonly display: boolean }): unknown;
  readonly startup: { readonly adaptor: { innerHTML(node: unknown): string } };
}

export type Formula = (tex: string, display: boolean) => string;

let ready: Promise<Formula> | undefined;

/**
 * TeX → SVG of paths, which needs neither fonts nor a network, on screen, on paper and in a PDF.
 * The function that comes back gives the `<svg>` element; its size is in `ex`, its colour that of the text around it.
 * @throws Error with MathJax's words for TeX that it cannot read
 */
export function formulas(): Promise<Formula> {
  ready ??= load();
  return ready;
}

async function load(): Promise<Formula> {
  const require = createRequire(import.meta.url);
  const { init } = require("mathjax/es5/node-main.js") as { init(options: object): Promise<MathJax> };
  const mathjax = await init({
    loader: { load: ["input/tex-full", "output/svg"] },
    // Without a cache of glyphs each formula stands alone and has no ids that could meet those of another.
    svg: { fontCache: "none" },
  });
  const { adaptor } = mathjax.startup;
  return (tex, display) => {
    const svg = adaptor.innerHTML(mathjax.tex2svg(tex, { display }));
    const error = /data-mjx-error="([^"]*)"/.exec(svg);
    if (error !== null) throw new Error(error[1]);
    return svg;
  };
}

import { createRequire } from "node:module";

/** What is used of MathJax, which brings no types of its own for this entry. */
interface MathJax {
  readonly startup: { readonly adaptor: { innerHTML(node: unknown): string } };
  readonly config: { readonly tex: object; readonly svg: object };
  readonly _: {
    readonly input: { readonly tex_ts: { readonly TeX: new (options: object) => object } };
    readonly output: { readonly svg_ts: { readonly SVG: new (options: object) => object } };
    readonly mathjax: { readonly mathjax: { document(text: string, options: object): TexDocument } };
  };
}

interface TexDocument {
  convert(tex: string, options: { readonly display: boolean }): unknown;
}

/** A formula as an `<svg>` element of paths: its size is in `ex`, its colour that of the text around it. */
export interface DrawnFormula {
  readonly svg: string;
  /** What is wrong although something was drawn: a command that MathJax does not know stands in it in red. */
  readonly problem?: string;
}

/** @throws Error with MathJax's words for TeX that it cannot read */
export type Formula = (tex: string, display: boolean) => DrawnFormula;

/** Characters of one formula; a page of TeX in one pair of dollars is a mistake, and draws megabytes of paths. */
const longestFormula = 5000;

let ready: Promise<MathJax> | undefined;

/**
 * TeX → SVG of paths, which needs neither fonts nor a network, on screen, on paper and in a PDF.
 * Each call gives a drawer of its own: macros and labels live as long as one document, so a document comes out the
 * same whatever was drawn before it.
 */
export async function formulas(): Promise<Formula> {
  ready ??= load();
  const { _, config, startup } = await ready;
  const document = _.mathjax.mathjax.document("", {
    InputJax: new _.input.tex_ts.TeX(config.tex),
    OutputJax: new _.output.svg_ts.SVG(config.svg),
  });
  return (tex, display) => {
    if (tex.length > longestFormula) {
      throw new Error(`${tex.length} characters, of at most ${longestFormula} for one formula`);
    }
    const svg = withoutLinks(startup.adaptor.innerHTML(document.convert(tex, { display })));
    const error = /data-mjx-error="([^"]*)"/.exec(svg);
    if (error !== null) throw new Error(error[1]);
    const unknown = unknownCommand(svg);
    return unknown === undefined ? { svg } : { svg, problem: `MathJax does not know ${unknown}` };
  };
}

/**
 * Formulas are written by whoever wrote the notebook, so they have no links, styles or classes (the package `html`),
 * and load nothing.
 */
async function load(): Promise<MathJax> {
  const require = createRequire(import.meta.url);
  const { init } = require("mathjax/es5/node-main.js") as { init(options: object): Promise<MathJax> };
  return init({
    loader: { load: ["input/tex-full", "output/svg"] },
    tex: { packages: { "[-]": ["html", "require", "autoload", "action"] } },
    // Without a cache of glyphs each formula stands alone and has no ids that could meet those of another.
    svg: { fontCache: "none" },
  });
}

/** `\mmlToken` sets any attribute, also a link or a style. */
function withoutLinks(svg: string): string {
  return svg
    .replace(/<a\b[^>]*?\bhref="(?!#)[^"]*"[^>]*>/g, "<a>")
    .replace(/ style="(?!vertical-align: -?[\d.]+ex;?")[^"]*(?:url|expression|@import)[^"]*"/gi, "")
    .replace(/ on\w+="[^"]*"/gi, "");
}

/** The package `noundefined` writes what it does not know in red, letter by letter. */
function unknownCommand(svg: string): string | undefined {
  const found =
    /data-mml-node="mtext" fill="red" stroke="red"[^>]*>((?:<path data-c="[0-9A-F]+"[^>]*><\/path>)+)/.exec(
      svg,
    );
  const letters = [...(found?.[1].matchAll(/data-c="([0-9A-F]+)"/g) ?? [])].map(([, code]) =>
    String.fromCodePoint(Number.parseInt(code, 16)),
  );
  return letters[0] === "\\" ? letters.join("") : undefined;
}

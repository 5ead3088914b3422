// The few calls of packages without types of their own (or whose types would pull a browser's globals into a Node
// program), declared as they are used.

declare module "fontkit" {
  export interface Font {
    readonly unitsPerEm: number;
    readonly fonts?: never;
    layout(text: string): {
      readonly advanceWidth: number;
      readonly glyphs: readonly { readonly id: number; readonly path: { toSVG(): string } }[];
      readonly positions: readonly {
        readonly xAdvance: number;
        readonly xOffset: number;
        readonly yOffset: number;
      }[];
    };
    hasGlyphForCodePoint(codePoint: number): boolean;
  }
  export function openSync(file: string): Font;
  export function create(bytes: Uint8Array): Font;
}

declare module "jsdom" {
  export interface DOMWindow {
    readonly URL: { createObjectURL?: () => string; revokeObjectURL?: () => void };
    readonly Math: { random: () => number };
    readonly JSON: { parse(text: string): unknown };
    MathJax?: object | undefined;
    readonly document: {
      createElement(name: string): { className: string; innerHTML: string };
    };
    readonly SVGElement: { readonly prototype: object };
    readonly HTMLCanvasElement: { readonly prototype: object };
    readonly Plotly: {
      readonly version: string;
      readonly PlotSchema: { get(): { readonly traces: object } };
      toImage(
        figure: unknown,
        options: { readonly format: "svg"; readonly width: number; readonly height: number },
      ): Promise<string>;
    };
    eval(code: string): void;
  }
  export class JSDOM {
    constructor(html: string, options: { readonly runScripts: "outside-only" });
    readonly window: DOMWindow;
  }
}

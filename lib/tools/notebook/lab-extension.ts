import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { plotlyMime } from "@gradbook/base";

const name = "gradbook-figures";

/**
 * A prebuilt JupyterLab extension that draws `application/vnd.plotly.v1+json` interactively: with the whole of
 * plotly.js, 3-D and maps too, and the font and MathJax that the static pictures are drawn with. It only draws in trusted notebooks; in others JupyterLab takes
 * the PNG that stands beside the JSON. (The extension of the Python package `plotly` shows that PNG at twice its size
 * first, and brings 60 MB.)
 * @param data the environment's `share/jupyter`
 */
export async function installLabExtension(data: string): Promise<void> {
  const folder = join(data, "labextensions", name);
  const require = createRequire(import.meta.url);
  const fonts = dirname(require.resolve("@expo-google-fonts/source-sans-3/package.json"));
  const copies = {
    "plotly.js": require.resolve("plotly.js-dist"),
    "mathjax.js": require.resolve("mathjax/es5/tex-svg-full.js"),
    "regular.ttf": join(fonts, "400Regular/SourceSans3_400Regular.ttf"),
    "semibold.ttf": join(fonts, "600SemiBold/SourceSans3_600SemiBold.ttf"),
  };
  await mkdir(join(folder, "static"), { recursive: true });
  for (const [file, source] of Object.entries(copies))
    await copyWhenChanged(source, join(folder, "static", file));
  await writeFile(join(folder, "static/remoteEntry.js"), remoteEntry);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function copyWhenChanged(source: string, target: string): Promise<void> {
  const [from, to] = await Promise.all([stat(source), stat(target).catch(() => undefined)]);
  if (to === undefined || to.size !== from.size) await copyFile(source, target);
}

const manifest = {
  name,
  version: "1.1.0",
  description: "Interactive figures of gradbook",
  license: "MIT",
  jupyterlab: {
    mimeExtension: "./mimeExtension",
    _build: { load: "static/remoteEntry.js", mimeExtension: "./mimeExtension" },
  },
};

/**
 * What JupyterLab loads: a container of module federation, written by hand because it has one module of one screen.
 * `init` is handed the packages that JupyterLab shares, `get` hands out the extension.
 */
const remoteEntry = `"use strict";
(() => {
  const here = document.currentScript.src.replace(/[^/]*$/, "");
  let Widget;
  let plotly;
  let mathJax;

  const run = (file) => new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: here + file });
    // A bundle must not take JupyterLab's own module loader for its surroundings.
    const { define } = window;
    window.define = undefined;
    const end = (settle) => () => {
      window.define = define;
      settle();
    };
    script.onload = end(resolve);
    script.onerror = end(() => reject(new Error(file + " could not be loaded")));
    document.head.append(script);
  });

  const loadPlotly = async () => {
    const style = document.createElement("style");
    style.textContent = [["regular", 400], ["semibold", 600]]
      .map(([file, weight]) => \`@font-face{font-family:"Source Sans 3";font-weight:\${weight};src:url("\${here}\${file}.ttf")}\`)
      .join("");
    document.head.append(style);
    await run("plotly.js");
    await Promise.all([400, 600].map((weight) => document.fonts.load(weight + ' 12px "Source Sans 3"')));
    return window.Plotly;
  };

  // Plotly looks for a global MathJax at every text between dollars; JupyterLab keeps its own to itself.
  const loadMathJax = async () => {
    if (window.MathJax?.startup) return;
    const options = { enableMenu: false, enableAssistiveMml: false };
    window.MathJax = { startup: { typeset: false }, options, svg: { fontCache: "none" } };
    await run("mathjax.js");
    await window.MathJax.startup.promise;
  };

  const createRenderer = ({ mimeType }) => {
    class FigureWidget extends Widget {
      constructor() {
        super();
        this.addClass("jp-RenderedFigure");
        this.node.style.overflowX = "auto";
      }
      async renderModel(model) {
        const given = model.data[mimeType];
        const plot = document.createElement("div");
        try {
          const figure = JSON.parse(typeof given === "string" ? given : JSON.stringify(given));
          if (/\\$[^$]+\\$/.test(JSON.stringify(figure))) await (mathJax ??= loadMathJax());
          const { newPlot } = await (plotly ??= loadPlotly());
          if (this.isDisposed) return;
          this.node.replaceChildren(plot);
          const config = { displaylogo: false, ...figure.config };
          await newPlot(plot, { data: figure.data, layout: figure.layout ?? {}, frames: figure.frames, config });
        } catch (error) {
          plot.textContent = "Plotly cannot draw this figure: " + (error?.message ?? error);
          this.node.replaceChildren(plot);
        }
      }
      dispose() {
        if (!this.isDisposed) for (const plot of this.node.children) window.Plotly?.purge(plot);
        super.dispose();
      }
    }
    return new FigureWidget();
  };

  const extension = {
    id: "${name}:plotly",
    rendererFactory: { safe: false, mimeTypes: ["${plotlyMime}"], createRenderer },
    rank: 0,
    dataType: "json",
  };
  (window._JUPYTERLAB ??= {})["${name}"] = {
    async init(shared) {
      const [version] = Object.values(shared["@lumino/widgets"]);
      ({ Widget } = (await version.get())());
    },
    async get() {
      return () => ({ __esModule: true, default: extension });
    },
  };
})();
`;

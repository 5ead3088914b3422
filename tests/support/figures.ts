import type { Notebook } from "#kernel/jupyter/nbformat.js";

/** What a figure's picture looks like where a reader sees it. */
export interface DrawnImage {
  /** Pixels; 0 when the browser could not decode it. */
  readonly width: number;
  readonly height: number;
  /** Different colours among 64 × 64 samples; a blank picture has one. */
  readonly colours: number;
}

/** Pictures of outputs: an `<img>`, or a figure that Plotly has drawn and can be worked with. */
export const PICTURES =
  ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell .jp-OutputArea-output :is(img, .js-plotly-plot)";

/** Runs in the page: decodes each picture of the notebook's outputs and looks at its pixels. */
export const LOOK_AT_IMAGES = `(async () => {
  const pictures = [...document.querySelectorAll(${JSON.stringify(PICTURES)})];
  return Promise.all(pictures.map(async (picture) => {
    const isImage = picture.localName === "img";
    const image = isImage ? picture : Object.assign(new Image(), { src: await Plotly.toImage(picture, { format: "png" }) });
    await image.decode().catch(() => undefined);
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0, 64, 64);
    const pixels = new Uint32Array(context.getImageData(0, 0, 64, 64).data.buffer);
    return { width: image.naturalWidth, height: image.naturalHeight, colours: new Set(pixels).size };
  }));
})()`;

/** How many outputs of the notebook hold a picture: a PNG or an <img>, which survive in an untrusted notebook. */
export function countPictures(notebook: Notebook): number {
  let count = 0;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") continue;
    for (const output of cell.outputs) {
      if (!("data" in output)) continue;
      const html = output.data["text/html"];
      // JupyterLab draws the richest form only: HTML before PNG.
      if (typeof html === "string") count += html.match(/<img\b/g)?.length ?? 0;
      else if ("image/png" in output.data || "image/jpeg" in output.data) count += 1;
    }
  }
  return count;
}

/** Code cells that did not run, failed, or wrote to stderr; each with why. Empty when all is well. */
export function complaints(notebook: Notebook): readonly string[] {
  return notebook.cells.flatMap((cell, index) => {
    if (cell.cell_type !== "code" || cell.source.trim() === "") return [];
    const found = cell.outputs.flatMap((output) => {
      if (output.output_type === "error") return [`${output.ename}: ${output.evalue}`];
      return output.output_type === "stream" && output.name === "stderr" ? [output.text] : [];
    });
    return found.map((text) => `cell ${index}: ${text}`);
  });
}

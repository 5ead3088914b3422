import { Worker } from "node:worker_threads";
import { pdfFigure } from "../render/pdf.js";
import { renderPng } from "../render/raster.js";
import { renderStill, withFont } from "../render/svg.js";
import type { Answer, FigureFiles, Job } from "./artist.js";

// The process of an `Artist`: it draws what it is sent, one after the other, and ends when nobody listens any more.

process.on("disconnect", () => process.exit());
// Whoever draws without an end hears no event. A second thread looks whether the report's process is still there.
new Worker(
  `const parent = process.ppid;
   setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000);`,
  { eval: true },
);
process.on("message", (job: Job) => {
  answer(job).then((result) => process.send?.(result));
});

async function answer(job: Job): Promise<Answer> {
  try {
    return { result: job.kind === "figure" ? await drawFigure(job) : await renderPng(job.svg, job.scale) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

async function drawFigure({ figure, about }: Extract<Job, { kind: "figure" }>): Promise<FigureFiles> {
  const { svg, said } = await renderStill(figure, about);
  const { pdf, png } = await pdfFigure(svg, figure, about);
  return {
    svg,
    said,
    files: [
      [".svg", withFont(svg)],
      [".png", await renderPng(svg, 1, about)],
      ["@2x.png", await renderPng(svg, 2, about)],
      [".pdf", pdf],
    ],
    paperPng: png,
  };
}

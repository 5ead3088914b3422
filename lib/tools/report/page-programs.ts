import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Figure } from "@gradbook/core";
import { gzipSync } from "fflate";
import { plotlyFile } from "../render/plotly-window.js";
import { pageBundle } from "../render/still.js";
import { pageScript } from "./page-script.js";

/** The programs of others that a page carries: their sources. */
export interface PagePrograms {
  readonly plotly?: string;
  /** Whether it is the bundle that makes functions of text, for WebGL. */
  readonly isFull: boolean;
  readonly mathJax?: string;
}

/**
 * Plotly for the interactive figures of a page: its small bundle where it draws all of them, the full one only where
 * a figure needs it; and MathJax where a figure has formulas.
 */
export async function pagePrograms(figures: readonly Figure[]): Promise<PagePrograms> {
  const bundles = figures.map(pageBundle).filter((bundle) => bundle !== null);
  if (bundles.length === 0) return { isFull: false };
  const isFull = bundles.includes("full");
  const plotly = isFull
    ? await minified(plotlyFile("full"))
    : await readFile(plotlyFile("cartesian"), "utf8");
  if (!figures.some((figure) => /\$[^$]+\$/.test(JSON.stringify(figure)))) {
    return { isFull, plotly };
  }
  const mathJax = await readFile(
    createRequire(import.meta.url).resolve("mathjax/es5/tex-svg-full.js"),
    "utf8",
  );
  return { isFull, plotly, mathJax };
}

/** Ten megabytes become less than five. */
async function minified(file: string): Promise<string> {
  const { transform } = await import("esbuild");
  const { code } = await transform(await readFile(file, "utf8"), { minify: true, legalComments: "none" });
  return code;
}

/**
 * A program as text: gzip in base64, less than half of it. fflate and not zlib, whose bytes differ from one version and
 * processor to another.
 */
function packed(program: string): string {
  const bytes = gzipSync(new TextEncoder().encode(program), { level: 9, mtime: 0 });
  return Buffer.from(bytes).toString("base64");
}

/**
 * What a page may do: run the programs that it was made with, known by their digests, and show what is inside it. HTML
 * of a notebook, should anything have come through the cleaning, runs and loads nothing.
 */
export function contentPolicy({ plotly, isFull, mathJax }: PagePrograms): string {
  const programs = [pageScript, plotly, mathJax].filter((text) => text !== undefined);
  const digests = programs.map((text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
  return [
    "default-src 'none'",
    "img-src data: blob:",
    "font-src data:",
    "style-src 'unsafe-inline'",
    `script-src ${digests.join(" ")}${isFull ? " 'unsafe-eval'" : ""}`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join("; ");
}

/** The programs, packed: nobody unpacks and runs them until a figure is made interactive. */
export function programElements({ plotly, mathJax }: PagePrograms): string {
  const element = (id: string, program: string | undefined) =>
    program === undefined ? "" : `<script type="text/plain" id="${id}">${packed(program)}</script>\n`;
  return element("mathjax-source", mathJax) + element("plotly-source", plotly);
}

import type { EpochPoint } from "../figures/error-curves.js";
import { themes } from "../figures/theme.js";
import { escapeHtml } from "./escape.js";

const panel = { width: 270, height: 155, top: 68 };

/**
 * A quick drawing of a running training, made within a millisecond and without waiting: the error of both sets after
 * each epoch at the left, the loss of each step at the right.
 */
export function liveSvg(title: string, epochs: readonly EpochPoint[], losses: readonly number[]): string {
  const { series, text, muted, family } = themes.light;
  const last = epochs.at(-1);
  const percent = (error: number) => (Number.isFinite(error) ? `${(100 * error).toFixed(1)} %` : "–");
  const now =
    last === undefined
      ? ""
      : `epoch ${last.epoch}: train ${percent(last.trainError)}, test ${percent(last.testError)}`;
  const set = (name: string, i: number) => `<tspan fill="${series[i]}" font-weight="600">${name}</tspan>`;
  const error = (key: "trainError" | "testError") => epochs.map((e) => ({ x: e.epoch, y: 100 * e[key] }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="680" height="260" font-family="${escapeHtml(family)}" font-size="12" fill="${text}">`,
    `<rect width="680" height="260" fill="#fff"/>`,
    `<text x="55" y="20" font-weight="600" font-size="14">${escapeHtml(title)}</text>`,
    `<text x="55" y="40" fill="${muted}">${escapeHtml(now)}</text>`,
    curves(55, `error (%): ${set("train", 0)}, ${set("test", 1)}`, "epoch", [
      { color: series[0], dash: "3 3", points: error("trainError") },
      { color: series[1], points: error("testError") },
    ]),
    losses.length === 0 ? "" : curves(390, "loss", "step", [{ color: series[2], points: thinned(losses) }]),
    "</svg>",
  ].join("");
}

interface Curve {
  readonly color: string;
  /** As SVG has it: train and test are told apart without colours too. */
  readonly dash?: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

function curves(left: number, yTitle: string, xTitle: string, lines: readonly Curve[]): string {
  const { grid, muted } = themes.light;
  const all = lines.flatMap((line) => line.points).filter((p) => Number.isFinite(p.y));
  const xMax = Math.max(1, ...all.map((p) => p.x));
  const yMax = Math.max(1e-9, ...all.map((p) => p.y));
  const at = (x: number, y: number) =>
    `${(left + (x / xMax) * panel.width).toFixed(1)},${(panel.top + panel.height * (1 - Math.max(0, y) / yMax)).toFixed(1)}`;
  const bottom = panel.top + panel.height;
  const drawn = lines.map(({ color, dash, points }) => {
    const d = points.map((p, i) => (Number.isFinite(p.y) ? `${i === 0 ? "M" : "L"}${at(p.x, p.y)}` : ""));
    return `<path d="${d.join("").replace(/^L/, "M")}" fill="none" stroke="${color}" stroke-width="1.6"${dash === undefined ? "" : ` stroke-dasharray="${dash}"`}/>`;
  });
  const label = (x: number, y: number, anchor: string, content: string) =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${muted}" font-size="11">${content}</text>`;
  return [
    `<path d="M${left},${panel.top}V${bottom}H${left + panel.width}" fill="none" stroke="${grid}"/>`,
    label(left - 6, panel.top + 4, "end", Number(yMax.toPrecision(3)).toString()),
    label(left - 6, bottom + 4, "end", "0"),
    label(left + panel.width, bottom + 16, "end", String(xMax)),
    label(left + panel.width / 2, bottom + 16, "middle", xTitle),
    label(left, panel.top - 10, "start", yTitle),
    ...drawn,
  ].join("");
}

/** At most 300 points: the mean of each stretch, which is what an eye sees of noise anyway. */
function thinned(losses: readonly number[]): { x: number; y: number }[] {
  const width = Math.max(1, Math.ceil(losses.length / 300));
  const points: { x: number; y: number }[] = [];
  for (let from = 0; from < losses.length; from += width) {
    const part = losses.slice(from, from + width);
    points.push({ x: from + part.length, y: part.reduce((a, b) => a + b, 0) / part.length });
  }
  return points;
}

import type { Json, JsonObject } from "@gradbook/base";
import { isList, isRecord, shapeOf, textOf, valuesOf } from "./plotly-values.js";
import { isVisible, typeOf } from "./trace-checks.js";
import { traceKind } from "./trace-kinds.js";

/** Traces that are described one by one. */
const mostTraces = 12;

/** A figure of anybody's own in words: what it is made of, how many values, from where to where. */
export function describeFigure(
  title: string,
  data: readonly JsonObject[],
  layout: JsonObject,
  notFinite: number,
): string {
  const shown = data.slice(0, mostTraces).map(describeTrace);
  const more = data.length > mostTraces ? [`${data.length - mostTraces} more`] : [];
  const axes = ["xaxis", "yaxis"].flatMap((key) => {
    const axis = layout[key];
    const words = isRecord(axis) ? textOf(axis.title) : "";
    return words === "" ? [] : [`${key[0]} axis: ${words}`];
  });
  const below = notOnLogAxes(data, layout);
  return [
    `${title}.`,
    data.length === 0 ? "" : `${sentenceCase([...shown, ...more].join("; "))}.`,
    axes.length === 0 ? "" : `${axes.join(", ")}.`,
    notFinite === 0 ? "" : `${notFinite} ${areOf(notFinite)} not finite and left out.`,
    below === 0 ? "" : `${below} ${areOf(below)} not above 0 and left out of a logarithmic axis.`,
  ]
    .filter((sentence) => sentence !== "")
    .join(" ");
}

function areOf(count: number): string {
  return count === 1 ? "value is" : "values are";
}

/** Values of visible lines and points that a logarithmic axis has no place for. */
export function notOnLogAxes(data: readonly JsonObject[], layout: JsonObject): number {
  let count = 0;
  for (const trace of data) {
    if (traceKind(typeOf(trace)).area !== "xy" || !isVisible(trace)) continue;
    for (const letter of ["x", "y"] as const) {
      const axis = trace[`${letter}axis`];
      const key = typeof axis === "string" ? axis.replace(letter, `${letter}axis`) : `${letter}axis`;
      const kind = layout[key];
      if (!isRecord(kind) || kind.type !== "log") continue;
      count += valuesOf(trace[letter]).filter((value) => typeof value === "number" && value <= 0).length;
    }
  }
  return count;
}

function sentenceCase(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** `line or point plot "loss", 100 values, x 0 to 99, y 0.01 to 2.3` */
export function describeTrace(trace: JsonObject): string {
  const kind = traceKind(typeOf(trace));
  const name = typeof trace.name === "string" && trace.name !== "" ? ` "${trace.name}"` : "";
  const needed = kind.needs.flatMap((names) => names.split("|")).filter((key) => key !== "dimensions");
  const lists = [...new Set([...kind.together, ...needed])];
  const sizes = lists.map((key) => shapeOf(trace[key])).filter((shape) => shape.length > 0);
  const size = sizes.sort((a, b) => b.length - a.length)[0]?.join(" × ");
  const ranges = lists.flatMap((key) => {
    const range = rangeOf(trace[key]);
    return range === null ? [] : [`${key} ${range}`];
  });
  const values =
    size === undefined ? [] : [size.includes("×") ? size : `${size} ${size === "1" ? "value" : "values"}`];
  const dimensions = isList(trace.dimensions)
    ? trace.dimensions.filter(isRecord).map((d) => textOf(d.label))
    : [];
  const of = dimensions.length === 0 ? "" : ` of ${dimensions.filter((label) => label !== "").join(", ")}`;
  return [`${kind.words}${name}${of}`, ...values, ...ranges.slice(0, 4)].join(", ");
}

/** `0 to 99`, or `"SGD" to "Adam"` for what are no numbers; null for no list. */
function rangeOf(value: Json | undefined): string | null {
  const values = valuesOf(value).filter((v) => v !== null);
  if (values.length === 0 || values.some((v) => typeof v === "object")) return null;
  const numbers = values.filter((v) => typeof v === "number");
  if (numbers.length < values.length) {
    const [first, last] = [values[0], values[values.length - 1]].map((v) => String(v).slice(0, 40));
    return values.length === 1 ? first : `${first} to ${last}`;
  }
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const n of numbers) {
    if (n < least) least = n;
    if (n > most) most = n;
  }
  const digits = (n: number) => String(Number(n.toPrecision(4)));
  return least === most ? digits(least) : `${digits(least)} to ${digits(most)}`;
}

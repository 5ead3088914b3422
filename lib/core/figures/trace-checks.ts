import { type Json, type JsonObject, nearestOf } from "@gradbook/base";
import type { Problem } from "./plain-data.js";
import { isList, isRecord, readPacked, shapeOf } from "./plotly-values.js";
import { formerKinds, isTraceType, type TraceType, traceKind, traceTypes } from "./trace-kinds.js";

/** The kind of a trace that was checked; one without a type is a line. */
export function typeOf(trace: JsonObject): TraceType {
  return isTraceType(trace.type) ? trace.type : "scatter";
}

/** Whether a trace is shown; a hidden one may lack its data. */
export function isVisible({ visible }: JsonObject): boolean {
  return visible !== false && visible !== "legendonly";
}

/**
 * Checks what Plotly passes over without a word: kinds it does not know, lists that are missing, broken, or of
 * different lengths.
 * @returns the trace; null when nothing can be drawn of it
 */
export function checkTrace(trace: Json, index: number, problems: Problem[]): JsonObject | null {
  const where = `data[${index}]`;
  if (!isRecord(trace)) {
    const got = isList(trace) ? "a list" : JSON.stringify(trace);
    problems.push({ where, got, expected: "a trace, e.g. { x: [1, 2], y: [3, 4] }" });
    return null;
  }
  const { type = "scatter" } = trace;
  if (!isTraceType(type)) {
    problems.push(unknownType(where, type));
    return null;
  }
  const label = typeof trace.name === "string" && trace.name !== "" ? ` ${JSON.stringify(trace.name)}` : "";
  const named = `${where} (${type}${label})`;
  problems.push(...brokenLists(trace, named));
  if (!isVisible(trace)) return trace;
  const missing = traceKind(type).needs.filter(
    (names) => !names.split("|").some((key) => isThere(trace[key])),
  );
  if (missing.length === 0) {
    problems.push(...wrongLengths(trace, type, named), ...wrongMatrix(trace, type, named));
    return trace;
  }
  problems.push({
    where: named,
    got: missing.map((names) => `no ${names.replaceAll("|", " or ")}`).join(", "),
    expected: `what its ${traceKind(type).words} is drawn from`,
  });
  return null;
}

function isThere(value: Json | undefined): boolean {
  return value !== undefined && value !== null;
}

function unknownType(where: string, type: Json): Problem {
  const got = `type is ${JSON.stringify(type)}`;
  const former = typeof type === "string" && Object.hasOwn(formerKinds, type) ? formerKinds[type] : undefined;
  const near = former ?? (typeof type === "string" ? nearestOf(type, traceTypes) : undefined);
  if (near === undefined) return { where, got, expected: `one of ${traceTypes.join(", ")}` };
  const cure = former === undefined ? `Did you mean "${near}"?` : `Plotly calls it "${near}" now.`;
  return { where, got, expected: "a trace type that Plotly has", cure };
}

/** Packed lists that Plotly could not unpack, and records where the kind has lists. */
function brokenLists(trace: JsonObject, where: string): Problem[] {
  const { together, needs } = traceKind(typeOf(trace));
  const lists = new Set([...together, ...needs.filter((name) => name === "z")]);
  return Object.entries(trace).flatMap(([key, value]): Problem[] => {
    const packed = readPacked(value);
    if (typeof packed === "string") {
      return [
        { where: `${where}.${key}`, got: packed, expected: "{ bdata, dtype, shape } as Plotly writes it" },
      ];
    }
    if (packed !== null || !lists.has(key) || isList(value) || value === null) return [];
    const got = isRecord(value) ? "an object" : JSON.stringify(value);
    return [{ where: `${where}.${key}`, got, expected: "a list" }];
  });
}

/** Plotly draws as many points as the shortest list has. */
function wrongLengths(trace: JsonObject, type: TraceType, where: string): Problem[] {
  const lengths = traceKind(type).together.flatMap((key) => {
    const shape = shapeOf(trace[key]);
    return shape.length === 1 ? [{ key, length: shape[0] }] : [];
  });
  if (lengths.every(({ length }) => length === lengths[0].length)) return [];
  const unit = lengths[0].length === 1 ? " value" : " values";
  const got = lengths.map(({ key, length }, i) => `${key} has ${length}${i === 0 ? unit : ""}`);
  return [{ where, got: got.join(", "), expected: "the same number of each" }];
}

/**
 * A matrix and its axes: one place for each row and column, or one more, the edges of the cells. A list in place of a
 * matrix has a place of its own for each value.
 */
function wrongMatrix(trace: JsonObject, type: TraceType, where: string): Problem[] {
  const z = shapeOf(trace.z);
  if (traceKind(type).matrix !== true || z[0] === 0 || trace.transpose === true) return [];
  const [x, y] = [shapeOf(trace.x), shapeOf(trace.y)];
  if (z.length === 1) {
    const placed = type !== "surface" && x[0] === z[0] && y[0] === z[0];
    const got = `z is a list of ${z[0]} ${z[0] === 1 ? "value" : "values"}`;
    return placed ? [] : [{ where, got, expected: "a list of rows" }];
  }
  const axes = [["y", y, z[0], "rows"] as const, ["x", x, z[1], "columns"] as const];
  return axes.flatMap(([key, shape, size, word]): Problem[] => {
    if (shape.length !== 1 || [0, size, size + 1].includes(shape[0])) return [];
    return [
      { where, got: `${key} has ${shape[0]} values for ${size} ${word} of z`, expected: "one for each" },
    ];
  });
}

import {
  argumentInWords,
  configError,
  inWords,
  type Json,
  type JsonObject,
  metricsMime,
} from "@gradbook/base";
import { publish } from "./publish.js";

/**
 * Hands numbers to the report, which writes them to `metrics.json`. Several calls are merged, a later key wins.
 * In the notebook it shows one line with the keys.
 * @throws GradbookError when JSON cannot hold a value
 *
 * @example
 * ```ts
 * import { metrics } from "gradbook";
 *
 * metrics({ testError: 0.0512, seeds: [1, 2, 3] });
 * ```
 */
export function metrics(record: JsonObject): void {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw configError("metrics", argumentInWords(record), "an object, e.g. { testError: 0.02 }");
  }
  checkValue(record, "");
  publish({
    data: { [metricsMime]: record, "text/plain": `metrics: ${Object.keys(record).join(", ")}` },
  });
}

/** JSON would turn NaN into null and leave out a function silently; a metric that is missing is a finding, so it must be said. */
function checkValue(value: Json, path: string): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw configError(
      "metrics",
      `${path || "the value"} is ${value}`,
      "a finite number",
      "Write null for what could not be measured.",
    );
  }
  if (!["number", "string", "boolean", "object"].includes(typeof value)) {
    throw configError(
      "metrics",
      `${path} is ${inWords(value)}`,
      "a number, string, boolean, array or object",
      "Write null for what could not be measured.",
    );
  }
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkValue(inner, path === "" ? key : `${path}.${key}`);
  }
}

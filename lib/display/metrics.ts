import { argumentInWords, configError, inWords } from "../errors/error.js";
import { publish } from "./publish.js";

export const metricsMime = "application/vnd.gradbook.metrics+json";

/** Anything JSON can hold. */
export type MetricsValue = string | number | boolean | null | readonly MetricsValue[] | MetricsRecord;
export interface MetricsRecord {
  readonly [key: string]: MetricsValue;
}

/**
 * Hands numbers to the report, which writes them to `metrics.json`. Several calls are merged, a later key wins.
 * In the notebook it shows one line with the keys.
 */
export function metrics(record: MetricsRecord): void {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw configError("metrics", argumentInWords(record), "an object, e.g. { testError: 0.02 }");
  }
  checkValue(record, "");
  publish({
    data: { [metricsMime]: record, "text/plain": `metrics: ${Object.keys(record).join(", ")}` },
  });
}

/** JSON would turn NaN into null and leave out a function silently; a metric that is missing is a finding, so it must be said. */
function checkValue(value: MetricsValue, path: string): void {
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
      "a number, text, boolean, list or object",
      "Write null for what could not be measured.",
    );
  }
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) checkValue(inner, path === "" ? key : `${path}.${key}`);
  }
}

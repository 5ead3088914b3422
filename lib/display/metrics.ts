import { GradbookError } from "../errors/error.js";
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
  checkNumbers(record, "");
  publish({
    data: { [metricsMime]: record, "text/plain": `metrics: ${Object.keys(record).join(", ")}` },
  });
}

/** JSON would turn NaN into null silently; a metric that is not a number is a finding, so it must be said. */
function checkNumbers(value: MetricsValue, path: string): void {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new GradbookError({
      code: "range",
      what: "metrics",
      got: `${path || "the value"} is ${value}`,
      expected: "a finite number",
      cure: "Write null for what could not be measured.",
    });
  }
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value))
      checkNumbers(inner, path === "" ? key : `${path}.${key}`);
  }
}

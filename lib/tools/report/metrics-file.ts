import type { Json, JsonObject } from "@gradbook/base";

/** Known keys come in the order of their schema, so that the file reads from the general to the particular. */
const order = [
  "notebook",
  "scale",
  "data",
  "source",
  "train",
  "test",
  "parameters",
  "runs",
  "optimizer",
  "lr",
  "batch",
  "init",
  "seed",
  "epochs",
  "epoch",
  "trainLoss",
  "testLoss",
  "trainError",
  "testError",
  "digest",
  "tsne",
  "kl",
  "trustworthiness",
  "neighbourPurity",
];

/** `metrics.json`: known keys first, the others in alphabetical order, two spaces of indent. */
export function metricsFile(metrics: JsonObject): string {
  return `${JSON.stringify(inOrder(metrics), null, 2)}\n`;
}

function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const rank = (key: string) => (order.includes(key) ? order.indexOf(key) : order.length);
  const entries = Object.entries(value as JsonObject);
  const sorted = entries.sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, inner]) => [key, inOrder(inner)]));
}

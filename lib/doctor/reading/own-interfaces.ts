import type { Tensor } from "@gradbook/core";
import type { Callable, Kind } from "../types.js";
import type { Subject } from "./recognise.js";

/**
 * Losses and update rules written to this library's own interfaces (`Loss`, `Optimizer`), as functions that the doctor
 * can call. Undefined for anything else.
 */
export function asOwnInterface(value: object): Subject | undefined {
  const spec: unknown = Reflect.get(value, "spec");
  if (typeof spec !== "object" || spec === null) return undefined;
  const kind = String(Reflect.get(spec, "kind"));
  const [sum, gradient, update]: unknown[] = ["sum", "gradient", "update"].map((key) =>
    Reflect.get(value, key),
  );
  if (typeof sum === "function" && typeof gradient === "function") {
    const mean = Reflect.get(spec, "reduction") === "mean";
    const forward = (logits: Tensor, labels: ArrayLike<number>) =>
      Number(Reflect.apply(sum, value, [logits, labels])) / (mean ? logits.shape[0] : 1);
    const backward = (logits: Tensor, labels: ArrayLike<number>): unknown =>
      Reflect.apply(gradient, value, [logits, labels]);
    const known = kind === "softmaxCrossEntropy" ? kind : "euclidean";
    return {
      name: kind,
      kinds: [known],
      shape: { form: "pair", forward: forward as Callable, backward: backward as Callable },
    };
  }
  if (typeof update === "function") {
    const slots = Number(Reflect.get(value, "slots"));
    const step = (
      w: Float64Array,
      g: Float64Array,
      state: Record<string, unknown>,
      options: { lr: number },
    ) => {
      state.slots ??= Array.from({ length: slots }, () => new Float64Array(w.length));
      state.steps = Number(state.steps ?? 0) + 1;
      Reflect.apply(update, value, [w, g, state.slots, options.lr, state.steps]);
    };
    const known: Kind =
      kind === "sgd" ? (slots > 0 ? "momentum" : "sgd") : kind === "rmsprop" ? "rmsprop" : "adam";
    return { name: kind, kinds: [known], shape: { form: "function", fn: step as Callable } };
  }
  return undefined;
}

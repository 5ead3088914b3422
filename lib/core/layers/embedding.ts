import { count, dataError, type Given, options, shapeError } from "@gradbook/base";
import type { DefinitionSpec } from "../engine/spec.js";
import { assertShape, formatShape, type Shape } from "../tensor/shape.js";
import { assertTensor, assertTensorOf, Tensor } from "../tensor/tensor.js";
import { type BuiltinLayer, batchOf, cached, markBuiltin, Parameter } from "./layer.js";

const embeddingOptions = {
  /** V, numbers that may come: 0 … V − 1. */
  count: count(),
  /** D, features of each. */
  features: count(),
};
/**
 * Options of `embedding`.
 * @interface
 */
export type EmbeddingConfig = Given<typeof embeddingOptions>;

/**
 * A row of a table for each whole number. x: [N, T], numbers 0 … V − 1 → y: [N, T, D]; weight [V, D]. It runs as its
 * definition, on the main thread.
 * @throws GradbookError when an option is missing, unknown or of another kind; in forward, when x holds another number
 *
 * @example
 * ```ts
 * import { embedding, Tensor } from "gradbook";
 *
 * const layer = embedding({ count: 3, features: 2 });
 * layer.params.weight.value.data.set([1, 2, 3, 4, 5, 6]); // [3, 2]
 * console.log(layer.forward(Tensor.from([[2, 0]], "float32")).toNested()); // [ [ [ 5, 6 ], [ 1, 2 ] ] ]
 * ```
 */
export function embedding(config: EmbeddingConfig): EmbeddingLayer {
  return new EmbeddingLayer(config);
}

/** What `embedding` makes. */
export class EmbeddingLayer implements BuiltinLayer {
  readonly spec: Extract<DefinitionSpec, { readonly kind: "embedding" }>;
  trainable = true;
  readonly params: Readonly<Record<"weight", Parameter>>;
  private x: Tensor | undefined;

  constructor(config: EmbeddingConfig) {
    this.spec = { kind: "embedding", ...options("embedding", embeddingOptions, config) };
    const { count: V, features: D } = this.spec;
    // an output is a row itself, not a sum: with fan-in 1, PyTorch's default is U(−1, 1)
    this.params = { weight: new Parameter([V, D], 1, D) };
    markBuiltin(this, EmbeddingLayer.prototype);
  }

  outputShape(sample: Shape): Shape {
    assertShape("embedding", sample);
    this.assertInput(batchOf(sample));
    return [sample[0], this.spec.features];
  }

  /** y[n,t] = w[x[n,t]] */
  forward(x: Tensor): Tensor {
    assertTensor("embedding", "x", x);
    this.assertInput(x.shape);
    this.x = x;
    const { count: V, features: D } = this.spec;
    const y = Tensor.zeros([...x.shape, D], x.dtype);
    const w = this.params.weight.value.data;
    for (let i = 0; i < x.size; i++) {
      const row = x.data[i];
      if (!Number.isInteger(row) || row < 0 || row >= V) {
        throw dataError(
          "embedding",
          `the number ${row} at ${formatShape([Math.floor(i / x.shape[1]), i % x.shape[1]])}`,
          `a whole number from 0 to ${V - 1}`,
          Number.isInteger(row) && row >= V
            ? `count: ${row + 1} or more makes room for it.`
            : "Data that are normalised are no numbers of rows: use rawBytes.",
        );
      }
      for (let d = 0; d < D; d++) y.data[i * D + d] = w[row * D + d];
    }
    return y;
  }

  /** dw[v] += Σ dy[n,t] over all n, t with x[n,t] = v; numbers of rows have no gradient, so dx is 0. */
  backward(dy: Tensor): Tensor {
    const x = cached("embedding", this.x);
    const { features: D } = this.spec;
    assertTensorOf("embedding", "dy", dy, [...x.shape, D]);
    const dw = this.params.weight.grad.data;
    for (let i = 0; i < x.size; i++) for (let d = 0; d < D; d++) dw[x.data[i] * D + d] += dy.data[i * D + d];
    return Tensor.zeros(x.shape, x.dtype);
  }

  private assertInput(x: Shape): void {
    if (x.length === 2) return;
    throw shapeError(
      "embedding",
      `the input has the shape ${formatShape(x)}`,
      "2 axes [N, T]: T whole numbers for each sample",
      x.length === 1 ? "A single sample has N = 1." : "A flatten() before it makes one row of them.",
    );
  }

  toString(): string {
    const { count: V, features: D } = this.spec;
    return `Embedding(${V}→${D}, ${V * D} params)`;
  }
}

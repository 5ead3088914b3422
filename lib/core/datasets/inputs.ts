import type { FloatArray } from "../tensor/tensor.js";
import type { Dataset } from "./dataset.js";
import { markOwnSet } from "./samples.js";

/** Samples without classes or targets: numbers that a model is asked about, one sample behind another. */
export class Inputs implements Dataset {
  readonly name: string;
  readonly size: number;
  readonly shape: readonly number[];
  readonly classes = 1;
  readonly labels: Uint8Array;
  readonly classNames: readonly string[] = [];
  readonly source = "numbers";
  readonly digest = "";
  private readonly data: FloatArray;

  /** @param shape of one sample, of which `data` holds a whole number */
  constructor(name: string, shape: readonly number[], data: FloatArray) {
    this.name = name;
    this.shape = shape;
    this.data = data;
    this.size = data.length / shape.reduce((product, n) => product * n, 1);
    this.labels = new Uint8Array(this.size);
    markOwnSet(this, Inputs.prototype, ["data", "shape", "size"]);
  }

  read(index: number, out: Float32Array | Float64Array, offset: number): void {
    const each = this.data.length / this.size;
    out.set(this.data.subarray(index * each, (index + 1) * each), offset);
  }

  subset(): Dataset {
    return this;
  }
}

import { flatten } from "../layers/flatten.js";
import { linear } from "../layers/linear.js";
import { relu } from "../layers/relu.js";
import { sequential } from "../layers/sequential.js";
import { sgd } from "../optimizers/sgd.js";
import { Rng } from "../tensor/rng.js";
import { fit } from "./fit.js";

/** Digest of a short fit, for tests that run it in several threads. */
export function digest(threads: number): string {
  const rng = new Rng("helper");
  const values = Float32Array.from({ length: 64 * 400 }, () => rng.normal());
  const train = {
    name: "random",
    size: 64,
    shape: [400],
    classes: 3,
    labels: Uint8Array.from({ length: 64 }, (_, i) => i % 3),
    classNames: [],
    source: "random numbers",
    digest: "helper",
    read(index: number, out: Float32Array | Float64Array, offset: number) {
      for (let i = 0; i < 400; i++) out[offset + i] = values[index * 400 + i];
    },
    subset: () => train,
  };
  const layers = [flatten(), linear({ in: 400, out: 120 }), relu(), linear({ in: 120, out: 3 })];
  const model = sequential(layers, { input: [400], seed: 4 });
  return fit(model, { train, optimizer: sgd({ lr: 0.1 }), batch: 32, epochs: 3, threads }).digest;
}

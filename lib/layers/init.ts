import { GradbookError } from "../errors/error.js";
import type { Rng } from "../tensor/rng.js";
import type { Parameter } from "./layer.js";

/**
 * How weights start.
 * - `"he"`: N(0, 2/fanIn), biases 0 (He et al. 2015, eq. 10): for ReLU
 * - `"xavier"`: U(±√(6/(fanIn + fanOut))), biases 0 (Glorot & Bengio 2010, eq. 16): for sigmoid and tanh
 * - `"pytorch"`: U(±1/√fanIn), weights and biases alike: what torch.nn.Linear and Conv2d do
 * - `{ normal: σ }`: N(0, σ²), biases 0
 * - `"zeros"`
 */
export type Init = "he" | "xavier" | "pytorch" | "zeros" | { readonly normal: number };

/** Fills one parameter from its own stream of random numbers. */
export function initialize(parameter: Parameter, isBias: boolean, init: Init, rng: Rng): void {
  const { value, fanIn, fanOut, fixed } = parameter;
  if (fixed !== undefined) {
    value.data.fill(fixed);
    return;
  }
  const draw = drawer(init, isBias, fanIn, fanOut, rng);
  for (let i = 0; i < value.size; i++) value.data[i] = draw();
}

function drawer(init: Init, isBias: boolean, fanIn: number, fanOut: number, rng: Rng): () => number {
  const uniform = (bound: number) => () => (2 * rng.uniform() - 1) * bound;
  if (init === "pytorch") return uniform(1 / Math.sqrt(fanIn));
  if (init === "zeros") return () => 0;
  if (typeof init === "object" && init.normal >= 0)
    return isBias ? () => 0 : () => init.normal * rng.normal();
  if (init === "he") return isBias ? () => 0 : () => Math.sqrt(2 / fanIn) * rng.normal();
  if (init === "xavier") return isBias ? () => 0 : uniform(Math.sqrt(6 / (fanIn + fanOut)));
  throw new GradbookError({
    code: "config",
    what: "init",
    got: JSON.stringify(init) ?? String(init),
    expected: '"he", "xavier", "pytorch", "zeros" or { normal: σ }',
  });
}

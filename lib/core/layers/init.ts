import { option, type RequiredOption } from "@gradbook/base";
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
export type Init =
  | "he"
  | "xavier"
  | "pytorch"
  | "zeros"
  | {
      /** Standard deviation σ, at least 0. */
      readonly normal: number;
    };

/** The option of that name. */
export const init = (): RequiredOption<Init> =>
  option('"he", "xavier", "pytorch", "zeros" or { normal: σ }', (v) => (isInit(v) ? v : undefined));

function isInit(value: unknown): value is Init {
  if (typeof value === "string") return ["he", "xavier", "pytorch", "zeros"].includes(value);
  const isRecord = typeof value === "object" && value !== null && "normal" in value;
  return isRecord && typeof value.normal === "number" && value.normal >= 0 && Number.isFinite(value.normal);
}

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
  if (init === "zeros" || isBias) return () => 0;
  switch (init) {
    case "he":
      return () => Math.sqrt(2 / fanIn) * rng.normal();
    case "xavier":
      return uniform(Math.sqrt(6 / (fanIn + fanOut)));
    default:
      return () => init.normal * rng.normal();
  }
}

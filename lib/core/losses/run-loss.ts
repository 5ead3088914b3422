import { GradbookError, inWords, isPromise, ownCodeError, shapeError, withoutAsync } from "@gradbook/base";
import { formatShape, sameShape } from "../tensor/shape.js";
import { hasNaN, isFiniteTensor, isTensor, type Tensor } from "../tensor/tensor.js";
import { builtinLossSpec, type Loss, lossName, type Target } from "./loss.js";

/**
 * The sum of the samples' losses. A loss that is not the library's own gets copies, so that it may change or keep them,
 * and what it returns is checked.
 * @throws GradbookError that names the loss, when that is not a number, or NaN for a finite output
 */
export function lossSum(loss: Loss, output: Tensor, target: Target): number {
  if (builtinLossSpec(loss) !== undefined) return loss.sum(output, target);
  const sum: unknown = loss.sum(output.clone(), target.slice());
  if (typeof sum !== "number") {
    throw new GradbookError({
      code: "own-code",
      what: lossName(loss),
      got: `sum returned ${inWords(sum)}`,
      expected: "a number, Σ of the samples' losses",
      ...cureOf("sum", sum),
    });
  }
  if (Number.isNaN(sum) && isFiniteTensor(output)) throw notANumber(loss, "sum", output);
  return sum;
}

/** The gradient of the reduced loss by the output, likewise: in the output's shape and precision. */
export function lossGradient(loss: Loss, output: Tensor, target: Target): Tensor {
  if (builtinLossSpec(loss) !== undefined) return loss.gradient(output, target);
  const gradient: unknown = loss.gradient(output.clone(), target.slice());
  if (!isTensor(gradient)) {
    throw new GradbookError({
      code: "own-code",
      what: lossName(loss),
      got: `gradient returned ${inWords(gradient)}`,
      expected: `a Tensor ${formatShape(output.shape)}`,
      ...cureOf("gradient", gradient),
    });
  }
  if (!sameShape(gradient.shape, output.shape)) {
    throw shapeError(
      lossName(loss),
      `gradient returned a tensor of the shape ${formatShape(gradient.shape)}`,
      `${formatShape(output.shape)}, the shape of the model's output`,
    );
  }
  if (hasNaN(gradient) && isFiniteTensor(output)) throw notANumber(loss, "gradient", output);
  return gradient.dtype === output.dtype ? gradient : gradient.clone(output.dtype);
}

function cureOf(method: string, value: unknown): { cure?: string } {
  if (value === undefined) return { cure: "Is its return missing?" };
  return isPromise(value) ? { cure: withoutAsync(method) } : {};
}

function notANumber(loss: Loss, method: string, output: Tensor): GradbookError {
  const { data } = output;
  return ownCodeError(
    lossName(loss),
    `${method} returned NaN for outputs from ${smallest(data)} to ${largest(data)}`,
    "numbers: the model's output is finite",
    "Look for the logarithm of 0 or of a negative number, and for 0/0.",
  );
}

const smallest = (values: ArrayLike<number>): string =>
  shown(Array.from(values).reduce((a, b) => Math.min(a, b)));
const largest = (values: ArrayLike<number>): string =>
  shown(Array.from(values).reduce((a, b) => Math.max(a, b)));
const shown = (value: number): string => String(Number(value.toPrecision(3)));

import { Rng } from "@gradbook/core";
import { diagnose } from "../diagnose.js";
import type { Calibrated } from "../driving/calibrate.js";
import { calibrateClass, calibratePair } from "../driving/calibrate.js";
import { examineLayer } from "../judging/examine-layer.js";
import { layerOperations } from "../operations/all.js";
import type { Operation } from "../operations/operation.js";
import { recognise } from "../reading/recognise.js";
import type { Examination } from "../types.js";
import { writeCorrect } from "./correct-styles.test.helper.js";

/** What the doctor said of one correct layer. */
export interface CorrectOutcome {
  readonly operation: string;
  /** How it is written, in which precision, how its inputs are scaled. */
  readonly title: string;
  readonly verdict: string;
  readonly said: string;
}

/**
 * Random correct code in random styles, in float64 and float32; a third of it on inputs and weights that are badly
 * scaled: times 1e-4 … 1e4, no round numbers, so that every sum is rounded.
 */
export function proveCorrect(
  count: number,
  seed: string,
  see: (o: CorrectOutcome) => void = () => {},
): CorrectOutcome[] {
  const rng = new Rng(seed);
  return Array.from({ length: count }, (_, at) => {
    const { title, exports } = writeCorrect(rng);
    const scaled = at % 3 === 2 ? examineScaled(exports, rng) : undefined;
    const d = scaled?.examination ?? diagnose(exports).examinations[0];
    const outcome = {
      operation: d.kind,
      title: scaled === undefined ? title : `${title}, ${scaled.words}`,
      verdict: d.verdict,
      said: [
        ...d.findings.map((f) => f.mistake),
        ...d.checked.filter((c) => c.startsWith("not checked")),
      ].join(" | "),
    };
    see(outcome);
    return outcome;
  });
}

/** Operations for which the numbers' size means nothing: their gradients scale with them. */
const scalable = new Set(["conv2d", "linear", "maxPool2d", "avgPool2d", "relu", "leakyRelu"]);

function examineScaled(
  exports: Readonly<Record<string, unknown>>,
  rng: Rng,
): { examination: Examination; words: string } | undefined {
  const [{ name, kinds, shape }] = recognise(exports).subjects;
  const operations = kinds.flatMap((kind) => (scalable.has(kind) ? (layerOperations[kind] ?? []) : []));
  if (operations.length === 0) return undefined;
  const calibrated =
    shape.form === "class"
      ? calibrateClass(name, { make: shape.make }, operations)
      : shape.form === "pair"
        ? calibratePair(name, shape, operations)
        : undefined;
  if (calibrated === undefined) return undefined;
  const factors = Array.from({ length: 3 }, () => 10 ** (8 * rng.uniform() - 4));
  const code: Calibrated = { ...calibrated, operation: scaledOperation(calibrated.operation, factors) };
  return {
    examination: examineLayer(name, code, () => {}),
    words: `inputs and weights times ${factors.map((f) => f.toPrecision(3)).join(", ")}`,
  };
}

function scaledOperation(operation: Operation, factors: readonly number[]): Operation {
  return {
    ...operation,
    draw: (c, rng) =>
      Object.fromEntries(
        Object.entries(operation.draw(c, rng)).map(([name, tensor], at) => {
          const scaled = tensor.clone("float64");
          for (let i = 0; i < scaled.size; i++) scaled.data[i] *= factors[at % factors.length];
          return [name, scaled];
        }),
      ),
  };
}

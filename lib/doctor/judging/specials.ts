import { Rng, Tensor } from "@gradbook/core";
import { type Calibrated, probeOptions } from "../driving/calibrate.js";
import { takesNumber } from "../reading/source.js";
import { type Case, Fault, type Finding, type OnCall, type Values } from "../types.js";
import { checkModes } from "./norm-modes.js";
import type { Forward, Report } from "./report.js";
import { only, randomLike } from "./trial.js";

/** Special values: x = 0 at a kink, equal maxima, numbers that overflow an exponential, training against evaluation. */
export function checkSpecials(code: Calibrated, forward: Forward, report: Report, onCall: OnCall): void {
  const { kind } = code.operation;
  // a dx that is wrong already says more than what it does in special places
  const wrong = report.findings.some((f) => f.tensor === "dx");
  if (!wrong && (kind === "relu" || kind === "leakyRelu")) kink(code, forward, report, onCall);
  if (kind === "leakyRelu")
    numberUsed(code, forward, "slope", "slope|alpha|negativeSlope|negative_slope", report);
  if (!wrong && kind === "maxPool2d" && code.hasBackward) ties(code, report, onCall);
  if (kind === "sigmoid" || kind === "tanh" || kind === "softmax" || kind === "softmaxCrossEntropy")
    extremes(code, report, onCall);
  if (kind === "batchNorm1d" || kind === "batchNorm2d") constant(code, forward, report, onCall);
  if (kind === "batchNorm1d" || kind === "batchNorm2d")
    numberUsed(code, forward, "eps", "eps|epsilon", report);
  if (kind === "batchNorm1d" || kind === "batchNorm2d") checkModes(code, forward, report, onCall);
}

interface Outcome {
  readonly y: Tensor;
  readonly dx: Tensor | undefined;
}

function run(code: Calibrated, c: Case, inputs: Values, dy: (y: Tensor) => Tensor): Outcome | Fault {
  try {
    const session = code.open(c);
    const y = session.forward(inputs);
    if (!code.hasBackward) return { y, dx: undefined };
    const { values, faults } = session.backward(dy(y));
    return faults[0] ?? { y, dx: values.x };
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Equal values have the variance 0: only ε keeps the division from 0/0. */
function constant(code: Calibrated, forward: Forward, report: Report, onCall: OnCall): void {
  if (!forward.right) return;
  const { probe } = code.operation.cases(code.can);
  onCall("equal values", probe.label);
  const given = only(code.operation.draw(probe, new Rng("equal values")), code.inputs);
  const x = new Tensor(given.x.shape, new Float64Array(given.x.size).fill(0.5));
  const outcome = run(code, probe, { ...given, x }, (y) => randomLike(y.shape, "equal values dy"));
  if (!(outcome instanceof Fault)) {
    report.checked.push("equal values in a channel give numbers");
    return;
  }
  if (outcome.sort !== "nan") return;
  report.findings.push({
    ...special(
      "batchNorm/y/eps-missing",
      outcome.tensor,
      `ε is missing: equal values have the variance 0, and ${outcome.detail}`,
      "all values of a channel the same",
      "Divide by √(σ² + ε).",
    ),
    formula: "x̂ = (x − μ)/√(σ² ⟦+ 0⟧)",
    axes: ["channel"],
  });
}

/** A number that is taken by name must be the one that forward has. */
function numberUsed(
  code: Calibrated,
  { convention, right }: Forward,
  option: "slope" | "eps",
  words: string,
  report: Report,
): void {
  const used = convention.numbers[option];
  if (!right || used === undefined || Math.abs(used - probeOptions[option]) < 1e-6) return;
  if (!takesNumber(code.source, words)) return;
  report.findings.push(
    special(
      `${code.operation.kind}/y/${option}-unused`,
      "y",
      `the option ${option} is taken but not used: it is always ${Number(used.toPrecision(4))}`,
      `${option} ${probeOptions[option]}`,
      `Keep what is handed in: this.${option} = ${option}.`,
    ),
  );
}

/** x = 0: either side's derivative is right; which one is said. */
function kink(code: Calibrated, { convention }: Forward, report: Report, onCall: OnCall): void {
  const c = { ...code.operation.cases(code.can).probe };
  onCall("x = 0", c.label);
  const x = Tensor.zeros(
    code.operation.axes.x.map((l) => c.sizes[l]),
    "float64",
  );
  const outcome = run(
    code,
    c,
    { x },
    (y) =>
      new Tensor(
        y.shape,
        Float64Array.from(y.data, () => 2),
      ),
  );
  if (outcome instanceof Fault) {
    report.findings.push(
      special(
        "kink",
        outcome.tensor,
        `x = 0 gives NaN: ${outcome.detail}`,
        "at x = 0",
        "Compare with >, and leave no case out.",
      ),
    );
    return;
  }
  if (outcome.dx === undefined) return;
  const slope = convention.numbers.slope ?? 0;
  const [value] = outcome.dx.data;
  const at = value / 2;
  if (at < Math.min(slope, 0) - 1e-9 || at > 1 + 1e-9) {
    report.findings.push(
      special(
        "kink",
        "dx",
        `at x = 0 the derivative is ${at}, neither that of the left side (${slope}) nor that of the right side (1)`,
        "at x = 0",
        "Compare with >: 0 belongs to the negative side.",
      ),
    );
    return;
  }
  report.checked.push(`x = 0: the derivative there is taken as ${Number(at.toPrecision(4))}`);
  if (Math.abs(at - slope) > 1e-9)
    report.conventions.push(`the derivative at x = 0 is ${Number(at.toPrecision(4))}`);
}

/** Windows with equal maxima: one of them takes the gradient. */
function ties(code: Calibrated, report: Report, onCall: OnCall): void {
  const probe = code.operation
    .cases({ ...code.can, rect: false })
    .cases.find(({ sizes: s }) => s.KH === 2 && s.SH === 2 && s.OH > 1 && s.OW > 1 && s.PH === 0);
  if (probe === undefined) return;
  onCall("equal maxima", probe.label);
  const { N, C, H, W, OH, OW } = probe.sizes;
  const x = Tensor.zeros([N, C, H, W], "float64");
  // two, three and four equal maxima in turn
  x.data.fill(1);
  for (let i = 0; i < OH; i++)
    for (let j = 0; j < OW; j++) {
      const lower = (i * OW + j) % 3;
      const at = (h: number, k: number) => h * W + k;
      if (lower > 0) x.data[at(2 * i + 1, 2 * j)] = 0.5;
      if (lower > 1) x.data[at(2 * i, 2 * j + 1)] = 0.25;
    }
  const dy = randomLike([N, C, OH, OW], "ties");
  const outcome = run(code, probe, { x }, () => dy);
  if (outcome instanceof Fault) {
    report.findings.push(
      special(
        "ties",
        outcome.tensor,
        `equal maxima give NaN: ${outcome.detail}`,
        "windows with equal maxima",
        "Keep the position of the first maximum.",
      ),
    );
    return;
  }
  const { dx } = outcome;
  if (dx === undefined) return;
  let kind: "one" | "shared" | "all" | "none" | "other" = "one";
  let last = false;
  for (let i = 0; i < OH; i++)
    for (let j = 0; j < OW; j++) {
      const g = dy.data[i * OW + j];
      const cells = [0, 1, 2, 3].map((q) => (2 * i + (q >> 1)) * W + 2 * j + (q & 1));
      const tied = cells.filter((at) => x.data[at] === 1);
      const got = tied.map((at) => dx.data[at]);
      const near = (a: number, b: number) => Math.abs(a - b) < 1e-9 * (1 + Math.abs(b));
      if (got.filter((v) => near(v, g)).length === 1 && got.filter((v) => v !== 0).length === 1) {
        if (near(got[got.length - 1], g) && tied.length > 1) last = true;
      } else if (tied.length === 1) kind = near(got[0], g) ? kind : "other";
      else if (got.every((v) => near(v, g))) kind = "all";
      else if (got.every((v) => near(v, g / tied.length))) kind = kind === "one" ? "shared" : kind;
      else if (got.every((v) => v === 0)) kind = "none";
      else kind = "other";
    }
  if (kind === "one") {
    report.checked.push("windows with equal maxima: one of them takes the whole gradient");
    if (last) report.conventions.push("among equal maxima the last one takes the gradient");
    return;
  }
  if (kind === "shared") {
    // a convex combination of the one-sided derivatives: a subgradient like any one of them
    report.checked.push("windows with equal maxima: the shares add up to the gradient");
    report.conventions.push("equal maxima split the gradient evenly between them");
    return;
  }
  const words = {
    all: "ties are counted several times: every one of the equal maxima gets the whole gradient",
    none: "ties are lost: with equal maxima no element gets the gradient",
    other: "with equal maxima the gradient does not go to one of them",
  }[kind];
  report.findings.push({
    ...special(
      `maxPool2d/dx/ties-${kind}`,
      "dx",
      words,
      "windows with equal maxima (after ReLU most windows hold several zeros)",
      "Remember the position of one maximum in the forward pass, the first for instance, and give it the whole gradient; a mask x === max marks several.",
    ),
    formula: "dx[h,k] += dy where x[h,k] ⟦= max, for each of them⟧",
    axes: ["height", "width"],
  });
}

/** e^1000 is infinite: forms that divide infinity by infinity give NaN. */
function extremes(code: Calibrated, report: Report, onCall: OnCall): void {
  const { probe } = code.operation.cases(code.can);
  const shape = code.operation.axes.x.map((l) => probe.sizes[l]);
  const x = Tensor.zeros(shape, "float64");
  for (let i = 0; i < x.size; i++) x.data[i] = [-1000, 1000, -40, 40][i % 4];
  onCall("x = ±1000", probe.label);
  const given = code.operation.draw(probe, new Rng("extremes"));
  // the label's own logit is the large one: the loss is 0 then, in every stable form
  for (const [n, label] of Array.from(given.labels?.data ?? []).entries()) {
    for (let k = 0; k < probe.sizes.K; k++) x.data[n * probe.sizes.K + k] = k === label ? 1000 : -1000;
  }
  const inputs = only({ ...given, x }, ["x", ...(code.operation.given ?? [])]);
  const outcome = run(
    code,
    probe,
    inputs,
    (y) =>
      new Tensor(
        y.shape,
        Float64Array.from(y.data, () => 1),
      ),
  );
  if (outcome instanceof Fault) {
    report.findings.push(
      special(
        "overflow",
        outcome.tensor,
        `large inputs overflow: at x = ±1000 ${outcome.detail}`,
        "x = ±1000",
        code.operation.kind.startsWith("softmax")
          ? "Subtract the row's largest logit before the exponential: it changes neither softmax nor loss."
          : "Use Math.tanh, or a form whose exponent is never positive: 1/(1 + e^{−x}) for x ≥ 0 and eˣ/(1 + eˣ) else.",
      ),
    );
    return;
  }
  if (code.operation.kind.startsWith("softmax") && probe.sizes.N > 1) {
    const levels = x.clone();
    for (let i = 0; i < x.size; i++)
      levels.data[i] = (Math.floor(i / probe.sizes.K) % 2 === 0 ? 1000 : -1000) + (i % 3);
    const rows = run(code, probe, { ...inputs, x: levels }, (y) => randomLike(y.shape, "levels"));
    if (rows instanceof Fault) {
      report.findings.push(
        special(
          "underflow",
          rows.tensor,
          `rows of different size underflow: beside a row of +1000, one of −1000 has ${rows.detail}`,
          "one row of logits near 1000, the next near −1000",
          "Subtract each row's own largest logit, not that of the whole batch.",
        ),
      );
      return;
    }
  }
  report.checked.push("inputs of ±1000 give numbers");
}

function special(id: string, tensor: string, mistake: string, where: string, cure: string): Finding {
  return { id, tensor, mistake, where, cure, axes: ["element"] };
}

import { Tensor } from "@gradbook/core";
import { batchMean, batchVariance } from "@gradbook/core/internal";
import { type Calibrated, probeOptions } from "../driving/calibrate.js";
import { normDims } from "../operations/batch-norm-terms.js";
import { decode } from "../reading/decode.js";
import { fieldsOf } from "../reading/fields.js";
import { plainName } from "../reading/roles.js";
import { takesNumber } from "../reading/source.js";
import { Fault, type Finding, type OnCall } from "../types.js";
import { compare } from "./compare.js";
import type { Forward, Report } from "./report.js";
import { evaluationBackward, randomLike, runTrial } from "./trial.js";

/** Running statistics: moved by training, used when evaluating. Only where the code has them. */
export function checkModes(code: Calibrated, forward: Forward, report: Report, onCall: OnCall): void {
  if (!/running|moving|ema|runmean|run_mean/i.test(code.source) || !forward.right) return;
  const c = code.operation.cases(code.can).probe;
  onCall("running statistics", c.label);
  const trial = runTrial(code, c, onCall);
  if (trial.y === undefined) return;
  try {
    const session = code.open(c);
    const { object } = session;
    if (object === undefined) return;
    const read = () => ({
      mean: statistic(object, /mean|mu\b|avg/),
      variance: statistic(object, /var|sigma|std/),
    });
    const start = read();
    session.forward(trial.inputs);
    const moved = read();
    if (
      start.mean === undefined ||
      moved.mean === undefined ||
      start.variance === undefined ||
      moved.variance === undefined
    )
      return;
    const d = normDims(c.sizes);
    const mean = batchMean(trial.inputs.x.data, d);
    const variance = batchVariance(trial.inputs.x.data, mean, d);
    const M = d.N * d.S;
    const unbiased = variance.map((v) => (v * M) / (M - 1));
    const takesRate = /momentum|decay|alpha|rho/i.test(code.source);
    const meanRate = judgeStatistic("runningMean", start.mean, moved.mean, [mean], takesRate, report);
    const targets = [variance, unbiased];
    const varRate = judgeStatistic("runningVar", start.variance, moved.variance, targets, takesRate, report);
    if (meanRate !== undefined && varRate !== undefined && Math.abs(meanRate - varRate) > 1e-9)
      report.findings.push(unlike(meanRate, varRate));
    else if (meanRate !== undefined && takesNumber(code.source, "momentum") && !followsMomentum(meanRate))
      report.findings.push(rateUnused(meanRate));
    evaluation(code, trial.inputs, moved, forward, report);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.open.length += 0;
  }
}

const followsMomentum = (rate: number): boolean =>
  [probeOptions.momentum, 1 - probeOptions.momentum].some((asks) => Math.abs(rate - asks) < 1e-9);

function rateUnused(rate: number): Finding {
  return finding(
    "momentum-unused",
    "runningMean",
    `the option momentum is taken but not used: the running statistics always move towards the batch's by ${rate}`,
    `momentum ${probeOptions.momentum}`,
    "Keep what is handed in: this.momentum = momentum.",
  );
}

/** The two statistics follow the batch at different rates: in one of them the decay is the wrong way round. */
function unlike(mean: number, variance: number): Finding {
  return {
    ...finding(
      "statistics-differ",
      "runningVar",
      `the running mean moves towards the batch's by ${mean}, the running variance by ${variance}: in one of the two, momentum and 1 − momentum are exchanged`,
      "one training step",
      "Use the same rule for both: running = (1 − momentum)·running + momentum·(that of the batch).",
    ),
    formula: "running = ⟦momentum⟧·running + ⟦(1 − momentum)⟧·batch, in one of the two",
  };
}

/**
 * new = old + m·(batch − old), with m = momentum or 1 − momentum.
 * @param takesRate whether the code speaks of a rate: then the first batch may not simply replace the start
 * @returns m
 */
function judgeStatistic(
  tensor: string,
  before: Float64Array,
  after: Float64Array,
  targets: readonly ArrayLike<number>[],
  takesRate: boolean,
  report: Report,
): number | undefined {
  const rates = [probeOptions.momentum, 1 - probeOptions.momentum, 0.1, 0.9, 0.01, 0.99];
  for (const target of targets) {
    for (const rate of rates) {
      const expected = before.map((v, i) => v + rate * (target[i] - v));
      if (compare(after, expected).error < 1e-4) {
        report.checked.push(`${tensor} moves towards the batch's by ${rate}`);
        return rate;
      }
    }
    // the first batch may replace the start, or be averaged with equal weights
    if (!takesRate && compare(after, target).error < 1e-4) return undefined;
  }
  const replaced = targets.some((target) => compare(after, target).error < 1e-4);
  const still = compare(after, before).error < 1e-9;
  report.findings.push(
    finding(
      still ? "statistics-not-updated" : "statistics-wrong",
      tensor,
      still
        ? `${tensor} is not updated by a training step`
        : replaced
          ? `${tensor} is replaced by the statistics of the last batch: momentum is not used`
          : `${tensor} does not move towards the statistics of the batch`,
      "one training step",
      `${tensor} = (1 − momentum)·${tensor} + momentum·(that of the batch), while training only.`,
    ),
  );
  return undefined;
}

/** After training, evaluation uses the running statistics and leaves them alone. */
function evaluation(
  code: Calibrated,
  inputs: Parameters<Calibrated["operation"]["forward"]>[1],
  _moved: unknown,
  forward: Forward,
  report: Report,
): void {
  if (!/train|eval|mode|inference/i.test(code.source)) return;
  const c = code.operation.cases(code.can).probe;
  const session = code.open(c);
  session.forward(inputs);
  const { object } = session;
  if (object === undefined) return;
  const mean = statistic(object, /mean|mu\b|avg/);
  const variance = statistic(object, /var|sigma|std/);
  if (mean === undefined || variance === undefined) return;
  const x = new Tensor(
    inputs.x.shape,
    inputs.x.data.map((v, i) => 2 * v + (i % 3)),
  );
  const y = session.forward({ ...inputs, x }, false);
  const after = statistic(object, /mean|mu\b|avg/);
  const { numbers } = forward.convention;
  const d = normDims(c.sizes);
  const root = (v: ArrayLike<number>, at: number) => {
    const variance = v[Math.floor(at / d.S) % d.C];
    return numbers.outside === 1 ? Math.sqrt(variance) + numbers.eps : Math.sqrt(variance + numbers.eps);
  };
  const normalised = (m: ArrayLike<number>, v: ArrayLike<number>) =>
    Float64Array.from(x.data, (value, at) => {
      const channel = Math.floor(at / d.S) % d.C;
      return (
        (inputs.gamma.data[channel] * (value - m[channel])) / root(v, at) + (inputs.beta?.data[channel] ?? 0)
      );
    });
  if (after !== undefined && compare(after, mean).error > 1e-9) {
    report.findings.push(
      finding(
        "statistics-moved-in-evaluation",
        "runningMean",
        "the running statistics are updated while evaluating",
        "forward with training = false",
        "Update them while training only.",
      ),
    );
  }
  if (compare(y.data, normalised(mean, variance)).error < 1e-4) {
    report.checked.push("evaluation uses the running statistics");
    if (code.hasBackward) {
      const dy = randomLike(y.shape, "evaluation dy");
      const slope = (at: number) => inputs.gamma.data[Math.floor(at / d.S) % d.C] / root(variance, at);
      evaluationBackward(
        session,
        dy,
        dy.data.map((g, at) => g * slope(at)),
        report.checked,
      );
    }
    return;
  }
  const batch = batchMean(x.data, d);
  const usesBatch = compare(y.data, normalised(batch, batchVariance(x.data, batch, d))).error < 1e-4;
  report.findings.push(
    finding(
      usesBatch ? "evaluation-uses-batch" : "evaluation-wrong",
      "y",
      usesBatch
        ? "evaluation uses the statistics of the batch instead of the running ones"
        : "evaluation does not give γ·(x − running mean)/√(running variance + ε) + β",
      "forward with training = false, after one training step",
      "When not training, normalise with the running mean and variance.",
    ),
  );
}

function statistic(object: object, name: RegExp): Float64Array | undefined {
  const field = fieldsOf(object).find(
    ({ path }) =>
      path.some((key) => /run|mov|ema|track|avg|global|pop/.test(plainName(key))) &&
      path.some((key) => name.test(plainName(key))),
  );
  return field === undefined ? undefined : decode(Reflect.get(field.holder, field.key))?.data.slice();
}

function finding(id: string, tensor: string, mistake: string, where: string, cure: string): Finding {
  return { id: `batchNorm/${id}`, tensor, mistake, where, cure, axes: ["channel"] };
}

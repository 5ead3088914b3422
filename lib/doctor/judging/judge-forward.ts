import { Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import type { Convention, Operation, Sample } from "../operations/operation.js";
import type { Finding } from "../types.js";
import { compare } from "./compare.js";
import { faultFindings, merged } from "./failed-calls.js";
import { onlyAxesOf, wrongTensor } from "./findings.js";
import { type Evidence, match } from "./match.js";
import { isSingle } from "./numeric.js";
import { noProducts, takeApart } from "./products.js";
import type { Forward, Report } from "./report.js";
import type { Trial } from "./trial.js";

/** Forward against the definition, under the habit that fits best. */
export function judgeForward(code: Calibrated, trials: readonly Trial[], report: Report): Forward {
  const { operation } = code;
  const samples = trials.flatMap((t): Sample[] =>
    t.y === undefined ? [] : [{ case: t.case, inputs: t.inputs, y: t.y }],
  );
  const single = operation.curved && samples.length > 0 && samples.every((s) => isSingle(s.y.data));
  let convention = operation.conventions(samples)[0];
  let least = Number.POSITIVE_INFINITY;
  const errorOf = (s: Sample, k: Convention) =>
    compare(s.y.data, operation.forward(s.case.sizes, s.inputs, k).data).error;
  for (const k of operation.conventions(samples)) {
    const error = Math.max(0, ...samples.map((s) => errorOf(s, k)));
    if (error < least * 0.5) {
      least = error;
      convention = k;
    }
  }
  const limit = single ? 1e-4 : 1e-5;
  const tolerance = single || least > 1e-9 ? 2e-3 : 1e-5;
  const faults = trials.filter((t) => t.fault !== undefined && t.fault.phase !== "backward");
  const failedCalls = faultFindings(faults, trials);
  if (convention.words !== "" && least < limit) report.conventions.push(convention.words);
  if (samples.length > 0 && code.hasForward) {
    const wrong = samples.filter((s) => !(errorOf(s, convention) < limit));
    if (wrong.length > 0) {
      if (least >= limit) convention = bestExplained(operation, samples, convention, limit);
      const failing = samples.filter((s) => !(errorOf(s, convention) < limit));
      report.findings.push(
        ...merged([forwardFinding(code, samples, failing, convention, limit)], failedCalls),
      );
      return { convention, right: false, proven: wrong.length < samples.length, single, tolerance };
    }
    report.checked.push(
      `forward equals the definition in ${samples.length} cases, from ${samples[0].case.label} to ${samples[samples.length - 1].case.label}`,
    );
  }
  report.findings.push(...failedCalls);
  return {
    convention,
    right: faults.length === 0 || samples.length > 0,
    proven: samples.length > 0 || !code.hasForward,
    single,
    tolerance,
  };
}

/** The habit under which a wrong forward has a name; the usual one when there is none. */
function bestExplained(
  operation: Operation,
  samples: readonly Sample[],
  nearest: Convention,
  tolerance: number,
): Convention {
  const usual = operation.conventions([])[0];
  if (operation.scalar !== true) return usual;
  const all = [usual, nearest, ...operation.conventions(samples)];
  return (
    all.find((k) => match(operation, "y", evidenceOf(operation, samples, k), tolerance) !== undefined) ??
    usual
  );
}

function evidenceOf(operation: Operation, samples: readonly Sample[], convention: Convention): Evidence[] {
  return samples.map(({ case: c, inputs, y }): Evidence => {
    const expected = operation.forward(c.sizes, inputs, convention);
    return {
      moment: { sizes: c.sizes, inputs, y: expected, dy: Tensor.zeros(y.shape, "float64"), convention },
      got: y,
      expected,
    };
  });
}

function forwardFinding(
  code: Calibrated,
  samples: readonly Sample[],
  failing: readonly Sample[],
  convention: Convention,
  tolerance: number,
): Finding {
  const { operation } = code;
  const evidence = evidenceOf(operation, samples, convention);
  const seen = failing.map((f) => {
    const { got, expected } = evidence[samples.indexOf(f)];
    return { case: f.case, got, expected };
  });
  const matched = match(operation, "y", evidence, tolerance);
  return wrongTensor({
    tensor: "y",
    letters: operation.axes.y,
    failing: seen,
    passing: samples.filter((s) => !failing.includes(s)).map((s) => s.case),
    matched,
    dependsOn: [],
    products:
      matched === undefined
        ? takeApart(
            code,
            "y",
            seen.map((f) => f.case),
            convention,
          )
        : noProducts,
    tolerance,
    onlyAxes: onlyAxesOf(operation),
  });
}

import { Tensor } from "../../tensor/tensor.js";
import type { Calibrated } from "../driving/calibrate.js";
import type { Convention, Moment, Sample } from "../operations/operation.js";
import type { Examination, Fault, Finding } from "../types.js";
import { circumstances } from "./circumstances.js";
import { compare } from "./compare.js";
import { dependencies } from "./experiments.js";
import { fromFault, wrongTensor } from "./findings.js";
import { type Evidence, match } from "./match.js";
import { isSingle } from "./numeric.js";
import { type Products, takeApart } from "./products.js";
import { checkPromises, isDeterministic } from "./promises.js";
import { differs, type Forward, type Report } from "./report.js";
import { checkSpecials } from "./specials.js";
import { type Announce, runTrial, type Trial } from "./trial.js";
import { numericalTruth, truthOf } from "./truth.js";

/** Examines a layer that can be run: forward, every gradient, promises, special values. */
export function examineLayer(subject: string, code: Calibrated, announce: Announce): Examination {
  const { operation } = code;
  const report: Report = { findings: [], checked: [], conventions: [...code.conventions], open: [] };
  const { cases } = operation.cases(code.can);
  const all = cases.map((c) => runTrial(code, c, announce));
  const trials = all.filter((t) => !isRefusal(t, report));

  const sound = trials.find((t) => t.fault === undefined);
  if (sound !== undefined && !isDeterministic(code, sound, report)) return concluded(subject, code, report);
  const forward = judgeForward(code, trials, report);
  if (code.hasBackward) judgeGradients(code, trials, forward, report);
  else report.open.push("there is no backward: only the forward pass was checked");
  const broken = trials.every((t) => t.fault !== undefined);
  if (!broken) {
    checkPromises(code, trials, forward, report, announce);
    checkSpecials(code, forward, report, announce);
  }
  return concluded(subject, code, report);
}

function concluded(subject: string, { operation, hasBackward }: Calibrated, report: Report): Examination {
  const { findings, open } = report;
  return {
    subject,
    kind: operation.kind,
    verdict: findings.length > 0 ? "wrong" : hasBackward && open.length > 0 ? "unsure" : "correct",
    findings,
    checked: [...report.checked, ...open.map((o) => `not checked: ${o}`)],
    conventions: report.conventions,
  };
}

/** Code may refuse sizes that the stride does not divide, with an error of its own: a habit, not a mistake. */
function isRefusal(trial: Trial, report: Report): boolean {
  const { fault, case: c } = trial;
  const { H, W, KH, KW, SH, SW, PH, PW } = c.sizes;
  const uneven = SH !== undefined && ((H + 2 * PH - KH) % SH !== 0 || (W + 2 * PW - KW) % SW !== 0);
  if (fault?.sort !== "throws" || fault.phase === "backward" || !uneven) return false;
  const words = "sizes that the stride does not divide are refused";
  if (!report.conventions.includes(words)) report.conventions.push(words);
  return true;
}

function judgeForward(code: Calibrated, trials: readonly Trial[], report: Report): Forward {
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
  reportFaults(faults, trials, report);
  if (convention.words !== "" && least < limit) report.conventions.push(convention.words);
  if (samples.length > 0 && code.hasForward) {
    const wrong = samples.filter((s) => !(errorOf(s, convention) < limit));
    if (wrong.length > 0) {
      if (least >= limit) convention = operation.conventions([])[0];
      const failing = samples.filter((s) => !(errorOf(s, convention) < limit));
      reportForward(code, samples, failing, convention, limit, report);
      return { convention, right: false, single, tolerance };
    }
    report.checked.push(
      `forward equals the definition in ${samples.length} cases, from ${samples[0].case.label} to ${samples[samples.length - 1].case.label}`,
    );
  }
  return { convention, right: faults.length === 0 || samples.length > 0, single, tolerance };
}

function reportFaults(faults: readonly Trial[], trials: readonly Trial[], report: Report): void {
  const kinds = new Map<string, Trial[]>();
  for (const t of faults)
    kinds.set(`${t.fault?.sort}/${t.fault?.tensor}`, [
      ...(kinds.get(`${t.fault?.sort}/${t.fault?.tensor}`) ?? []),
      t,
    ]);
  for (const group of kinds.values()) {
    const { fault } = group[0];
    if (fault === undefined) continue;
    const passing = trials.filter((t) => !group.includes(t));
    const when = circumstances(
      group.map((t) => t.case),
      passing.map((t) => t.case),
    );
    report.findings.push(fromFault(fault, group[0].case, when.words));
  }
}

function reportForward(
  code: Calibrated,
  samples: readonly Sample[],
  failing: readonly Sample[],
  convention: Convention,
  tolerance: number,
  report: Report,
): void {
  const { operation } = code;
  const evidence = samples.map(({ case: c, inputs, y }): Evidence => {
    const expected = operation.forward(c.sizes, inputs, convention);
    return {
      moment: { sizes: c.sizes, inputs, y: expected, dy: Tensor.zeros(y.shape, "float64"), convention },
      got: y,
      expected,
    };
  });
  const seen = failing.map((f) => {
    const { got, expected } = evidence[samples.indexOf(f)];
    return { case: f.case, got, expected };
  });
  const matched = match(operation, "y", evidence, tolerance);
  report.findings.push(
    wrongTensor({
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
          : nothing,
      tolerance,
    }),
  );
}

const nothing: Products = { words: "", axes: [] };

/** dx, dW, …: each against the derivative of the code's own forward. */
function judgeGradients(code: Calibrated, trials: readonly Trial[], forward: Forward, report: Report): void {
  const { operation } = code;
  const wrongForward = (t: Trial) =>
    !forward.right &&
    t.y !== undefined &&
    differs(t.y, operation.forward(t.case.sizes, t.inputs, forward.convention), forward.tolerance);
  reportFaults(
    // where forward has gone wrong before, backward need not be asked
    trials.filter((t) => t.fault?.phase === "backward" && !wrongForward(t)),
    trials,
    report,
  );
  const ran = trials.filter((t) => t.gradients !== undefined);
  if (ran.length === 0) return;
  const given = code.inputs.filter((name) => ran.some((t) => t.gradients?.values[name] !== undefined));
  for (const name of code.inputs) {
    const tensor = `d${name}`;
    const faulty = ran.filter((t) => t.gradients?.faults.some((f) => f.tensor === tensor));
    if (faulty.length > 0) {
      const fault = faulty[0].gradients?.faults.find((f) => f.tensor === tensor) as Fault;
      const passing = ran.filter((t) => !faulty.includes(t));
      const when = circumstances(
        faulty.map((t) => t.case),
        passing.map((t) => t.case),
      );
      report.findings.push(shapeFinding(code, fromFault(fault, faulty[0].case, when.words), fault, faulty));
      continue;
    }
    if (!given.includes(name)) {
      missingGradient(name, given, report);
      continue;
    }
    judgeGradient(code, name, ran, forward, report);
  }
}

/** A gradient of the padded image's size has a name. */
function shapeFinding(code: Calibrated, finding: Finding, fault: Fault, faulty: readonly Trial[]): Finding {
  const { H, W, PH, PW } = faulty[0].case.sizes;
  const padded =
    faulty.every((t) => t.case.sizes.PH > 0) && fault.detail.includes(`${H + 2 * PH}, ${W + 2 * PW}`);
  if (!padded || fault.tensor !== "dx") return finding;
  return {
    ...finding,
    id: `${code.operation.kind}/dx/padding-kept`,
    mistake: `the padding is not cut off: dx has the shape of the padded image (${fault.detail})`,
    cure: "Crop the pad on all four sides: dx = dxPadded[:, :, PH : PH + H, PW : PW + W].",
    axes: ["height", "width"],
  };
}

function missingGradient(name: string, given: readonly string[], report: Report): void {
  const tensor = `d${name}`;
  const parameters = given.filter((n) => n !== "x");
  if (given.length === 0 || (name !== "x" && parameters.length === 0)) {
    report.open.push(
      `${tensor} was found neither in what backward returns nor in a field; return { dx, dW, db } or keep dW and db in fields of those names`,
    );
    return;
  }
  report.findings.push({
    id: "missing-gradient",
    tensor,
    mistake: `backward gives no ${tensor}, though it gives ${given.map((n) => `d${n}`).join(", ")}`,
    where: "in every case",
    cure: `Compute ${tensor} too, and return it beside the others or keep it in a field ${tensor}.`,
    axes: [],
  });
}

function judgeGradient(
  code: Calibrated,
  name: string,
  ran: readonly Trial[],
  forward: Forward,
  report: Report,
): void {
  const { operation } = code;
  const { tolerance, convention } = forward;
  const tensor = `d${name}`;
  const judged = ran.flatMap((trial) => {
    const got = trial.gradients?.values[name];
    const expected = got === undefined ? undefined : truthOf(code, trial, name, forward);
    return got === undefined || expected === undefined ? [] : [{ trial, got, expected }];
  });
  if (judged.length === 0) return;
  const isWrong = ({ got, expected }: { got: Tensor; expected: Tensor }) => differs(got, expected, tolerance);
  const failing = judged.filter(isWrong);
  const spoken = ownDerivative(code, name, judged, forward);
  if (failing.length === 0) {
    report.checked.push(`${tensor} in ${judged.length} cases${spoken}`);
    return;
  }
  if (!forward.right && followsDefinition(code, name, judged, convention, tolerance)) {
    report.checked.push(
      `${tensor} is the gradient of the definition: it is the forward pass that has to be repaired`,
    );
    return;
  }
  const evidence = judged.map(
    ({ trial, got, expected }): Evidence => ({
      moment: {
        sizes: trial.case.sizes,
        inputs: trial.inputs,
        y: trial.y ?? got,
        dy: trial.dy,
        convention,
      } satisfies Moment,
      got,
      expected,
    }),
  );
  const passing = judged.filter((j) => !failing.includes(j)).map((j) => j.trial.case);
  const matched = match(operation, tensor, evidence, tolerance);
  if (matched === undefined && !forward.right) {
    report.checked.push(
      `not checked: ${tensor} is neither the derivative of this forward nor that of the definition; repair forward first`,
    );
    return;
  }
  const unknown = matched === undefined;
  const cases = failing.map((f) => f.trial.case);
  report.findings.push(
    wrongTensor({
      tensor,
      letters: operation.axes[name],
      failing: failing.map(({ trial, got, expected }) => ({ case: trial.case, got, expected })),
      passing,
      matched,
      dependsOn: unknown
        ? dependencies(code, failing[failing.length - 1].trial, name, convention, tolerance)
        : [],
      products: unknown ? takeApart(code, tensor, cases, convention) : nothing,
      tolerance,
    }),
  );
}

/** One case is checked by differences of the code's own forward, whatever the definition says. */
function ownDerivative(
  code: Calibrated,
  name: string,
  judged: readonly { trial: Trial; got: Tensor; expected: Tensor }[],
  forward: Forward,
): string {
  if (!forward.right || !code.hasForward)
    return forward.right ? "" : ", against the numerical derivative of forward";
  const middle = judged[Math.min(judged.length - 1, Math.floor(judged.length / 2))];
  const numerical = numericalTruth(code, middle.trial, name, forward);
  if (numerical === undefined) return "";
  return compare(numerical.data, middle.expected.data).error < Math.max(forward.tolerance, 1e-4)
    ? ", one of them against the numerical derivative of its own forward"
    : "";
}

/** Backward may be right for the definition while it is forward that is wrong. */
function followsDefinition(
  code: Calibrated,
  name: string,
  judged: readonly { trial: Trial; got: Tensor }[],
  convention: Convention,
  tolerance: number,
): boolean {
  return judged.every(({ trial, got }) => {
    const definition = code.operation.gradient(name, {
      sizes: trial.case.sizes,
      inputs: trial.inputs,
      dy: trial.dy,
      convention,
    });
    return !differs(got, definition, tolerance);
  });
}

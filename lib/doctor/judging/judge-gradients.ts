import type { Tensor } from "@gradbook/core";
import type { Calibrated } from "../driving/calibrate.js";
import type { BackwardInput, Convention } from "../operations/operation.js";
import type { Fault, Finding } from "../types.js";
import { circumstances } from "./circumstances.js";
import { compare } from "./compare.js";
import { dependencies } from "./experiments.js";
import { faultFindings, merged } from "./failed-calls.js";
import { fromFault, onlyAxesOf, wrongTensor } from "./findings.js";
import { type Evidence, match } from "./match.js";
import { noProducts, takeApart } from "./products.js";
import { differs, type Forward, type Report } from "./report.js";
import type { Trial } from "./trial.js";
import { numericalTruth, truthOf } from "./truth.js";

/** dx, dW, …: each against the derivative of the code's own forward. */
export function judgeGradients(
  code: Calibrated,
  trials: readonly Trial[],
  forward: Forward,
  report: Report,
): void {
  const { operation } = code;
  const wrongForward = (t: Trial) =>
    !forward.right &&
    t.y !== undefined &&
    differs(t.y, operation.forward(t.case.sizes, t.inputs, forward.convention), forward.tolerance);
  // where forward has gone wrong before, backward need not be asked
  const faults = trials.filter((t) => t.fault?.phase === "backward" && !wrongForward(t));
  const failedCalls = faultFindings(faults, trials);
  const order = orderFinding(code, trials);
  if (order !== undefined) report.findings.push(order);
  // in another order, only parts of different sizes can be told apart
  const ran = trials.filter(
    (t) => t.gradients !== undefined && (order === undefined || t.gradients.order !== undefined),
  );
  const given = code.inputs.filter((name) => ran.some((t) => t.gradients?.values[name] !== undefined));
  const wrong: Finding[] = [];
  for (const name of ran.length === 0 ? [] : code.inputs) {
    const tensor = `d${name}`;
    const faultIn = (t: Trial) => t.gradients?.faults.find((f) => f.tensor === tensor);
    const faulty = ran.filter((t) => faultIn(t) !== undefined);
    if (faulty.length === 0 && !given.includes(name)) missingGradient(name, given, report);
    const usable = ran.filter((t) => !faulty.includes(t));
    const found = given.includes(name) ? judgeGradient(code, name, usable, forward, report) : undefined;
    const fault = faulty.length === 0 ? undefined : faultIn(faulty[0]);
    if (fault === undefined) {
      if (found !== undefined) wrong.push(found);
      continue;
    }
    const when = circumstances(
      faulty.map((t) => t.case),
      usable.map((t) => t.case),
    );
    const failed = shapeFinding(code, fromFault(fault, faulty[0].case, when.words), fault, faulty);
    wrong.push(...merged(found === undefined ? [] : [found], [failed]));
  }
  report.findings.push(...merged(wrong, failedCalls));
}

/** Gradients in an array without names are told apart by their places: those of x, W, b as the arguments stand. */
function orderFinding({ operation }: Calibrated, trials: readonly Trial[]): Finding | undefined {
  if (!operation.inputs.includes("W")) return undefined;
  const told = trials.find((t) => t.gradients?.order !== undefined);
  const order = told?.gradients?.order;
  if (told === undefined || order === undefined || order.join() === operation.inputs.join()) return undefined;
  const list = (names: readonly string[]) => `[${names.map((name) => `d${name}`).join(", ")}]`;
  const [found, expected] = [list(order), list(operation.inputs)];
  return {
    id: `${operation.kind}/order`,
    tensor: `d${order[order.findIndex((name, at) => name !== operation.inputs[at])]}`,
    mistake: `the gradients are returned in another order: ${found}, expected ${expected}`,
    where: `what backward returns, in every case; smallest failing case ${told.case.label}`,
    cure: `Return ${expected}: an array has no names, its places say which gradient is which.`,
    axes: [],
  };
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
): Finding | undefined {
  const { operation } = code;
  const { tolerance, convention } = forward;
  const tensor = `d${name}`;
  const judged = ran.flatMap((trial) => {
    const got = trial.gradients?.values[name];
    const expected = got === undefined ? undefined : truthOf(code, trial, name, forward, got);
    return got === undefined || expected === undefined ? [] : [{ trial, got, expected }];
  });
  if (judged.length === 0) return undefined;
  const isWrong = ({ got, expected }: { got: Tensor; expected: Tensor }) => differs(got, expected, tolerance);
  const failing = judged.filter(isWrong);
  const spoken = ownDerivative(code, name, judged, forward);
  const isDefinitions =
    !forward.right && failing.length > 0 && followsDefinition(code, name, judged, convention, tolerance);
  const seen = {
    tensor,
    letters: operation.axes[name],
    failing: failing.map(({ trial, got, expected }) => ({ case: trial.case, got, expected })),
    passing: judged.filter((j) => !failing.includes(j)).map((j) => j.trial.case),
    tolerance,
    onlyAxes: onlyAxesOf(operation),
  };
  const disproved = (words?: string): void => {
    const { where, ...finding } = wrongTensor({
      ...seen,
      matched: undefined,
      dependsOn: [],
      products: noProducts,
    });
    const mistake = `${tensor} is not the derivative of this code's own forward`;
    report.own.push({
      tensor,
      agrees: false,
      isDefinitions,
      finding: { ...finding, mistake, where },
      ...(words === undefined ? {} : { words }),
    });
  };
  if (failing.length === 0) {
    if (!forward.right) report.own.push({ tensor, agrees: true, isDefinitions });
    report.checked.push(`${tensor} in ${judged.length} cases${spoken}`);
    return undefined;
  }
  if (isDefinitions) {
    disproved(`${tensor} is the gradient of the definition: it is the forward pass that has to be repaired`);
    return undefined;
  }
  const evidence = judged.map(
    ({ trial, got, expected }): Evidence => ({
      moment: {
        sizes: trial.case.sizes,
        inputs: trial.inputs,
        y: trial.y ?? got,
        dy: trial.dy,
        convention,
      } satisfies BackwardInput,
      got,
      expected,
    }),
  );
  const matched = match(operation, tensor, evidence, tolerance);
  if (matched === undefined && !forward.right) {
    disproved(
      `not checked: ${tensor} is neither the derivative of this forward nor that of the definition; repair forward first`,
    );
    return undefined;
  }
  if (!forward.right && matched?.mistakes.length === 0 && matched.factor !== undefined) {
    // a forward that is off by a factor inside has a derivative that is off by it too
    disproved(
      `not checked: ${tensor} is the derivative of this forward but for the factor ${Number(matched.factor.toPrecision(4))}; repair forward first`,
    );
    return undefined;
  }
  if (!forward.right) disproved();
  const unknown = matched === undefined;
  const cases = failing.map((f) => f.trial.case);
  return wrongTensor({
    ...seen,
    matched,
    dependsOn: unknown
      ? dependencies(code, failing[failing.length - 1].trial, name, convention, tolerance)
      : [],
    products: unknown ? takeApart(code, tensor, cases, convention) : noProducts,
  });
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

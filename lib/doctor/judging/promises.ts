import type { Calibrated } from "../driving/calibrate.js";
import { withSeededRandom } from "../driving/random-source.js";
import type { Gradients, Session } from "../driving/session.js";
import { Fault, type OnCall, type Values } from "../types.js";
import { compare } from "./compare.js";
import { differs, type Forward, type Report } from "./report.js";
import { type Trial, upstream } from "./trial.js";

/** Inputs unchanged, the same result every time, nothing left over from the call before. */
export function checkPromises(
  code: Calibrated,
  trials: readonly Trial[],
  forward: Forward,
  report: Report,
  onCall: OnCall,
): void {
  purity(code, trials, report);
  const sound = trials.filter((t) => t.fault === undefined);
  const trial = sound[Math.floor(sound.length * 0.7)];
  if (trial === undefined) return;
  onCall("repeated calls", trial.case.label);
  try {
    if (code.hasBackward) repeated(code, trial, forward, report);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    report.findings.push({
      id: "second-call",
      tensor: error.tensor,
      mistake: `a second call on the same instance fails: ${error.detail}`,
      where: `${error.phase}, ${trial.case.label}`,
      cure: "Set up everything that a call needs within that call.",
      axes: [],
    });
  }
}

function purity(code: Calibrated, trials: readonly Trial[], report: Report): void {
  const changes = new Map<string, Trial>();
  for (const t of trials) for (const m of t.mutations) if (!changes.has(m)) changes.set(m, t);
  for (const [words, trial] of changes) {
    const [phase, , tensor] = words.split(" ");
    if (tensor !== "x" && tensor !== "dy" && Reflect.has(code.open(trial.case), "object")) {
      report.findings.push({
        id: `mutates-${tensor}`,
        tensor,
        mistake: `${phase} changes the parameter ${tensor} itself`,
        where: `${phase}; smallest failing case ${trial.case.label}`,
        cure: `Only return or keep d${tensor}; the update of ${tensor} is the optimizer's.`,
        axes: [],
      });
      continue;
    }
    report.findings.push({
      id: `mutates-${tensor}`,
      tensor,
      mistake: `${phase} changes its argument ${tensor}: the input is mutated in place`,
      where: `${phase}; smallest failing case ${trial.case.label}`,
      cure: `Write the result into a new array; ${tensor} belongs to the caller${tensor === "x" ? ", and the backward pass of the layer before needs it" : ""}.`,
      axes: [],
    });
  }
  // what has no name beside a changed argument is most likely its consequence
  if (changes.size > 0) {
    const left = report.findings.filter((f) => f.id !== "unknown");
    const dropped = report.findings.filter((f) => f.id === "unknown").map((f) => f.tensor);
    const mine = left.filter((f) => f.id.startsWith("mutates-"));
    report.findings.splice(0, report.findings.length, ...mine, ...left.filter((f) => !mine.includes(f)));
    for (const tensor of dropped)
      report.checked.push(`not checked: ${tensor} comes out wrong too; repair the changed argument first`);
  }
  if (changes.size === 0) report.checked.push("forward and backward leave their arguments unchanged");
}

/** @returns false, with a finding, when the same call gives different numbers */
export function isDeterministic(code: Calibrated, trial: Trial, report: Report): boolean {
  const run = (seed: string) =>
    withSeededRandom(seed, () => {
      const session = code.open(trial.case);
      const y = session.forward(trial.inputs);
      return { y, gradients: code.hasBackward ? session.backward(trial.dy) : undefined };
    }).result;
  const [a, b] = [run("first"), run("second")];
  const parts: [string, ArrayLike<number>, ArrayLike<number>][] = [["y", a.y.data, b.y.data]];
  for (const name of code.inputs) {
    const [ga, gb] = [a.gradients?.values[name], b.gradients?.values[name]];
    if (ga !== undefined && gb !== undefined) parts.push([`d${name}`, ga.data, gb.data]);
  }
  const moved = parts.filter(([, x, y]) => compare(x, y).error > 1e-9).map(([name]) => name);
  if (moved.length === 0) {
    report.checked.push("the same call twice gives the same numbers");
    return true;
  }
  report.findings.push({
    id: "not-deterministic",
    tensor: moved[0],
    mistake: `${moved.join(", ")} differ from call to call with the same inputs: the code is not deterministic (random numbers, the time, or a value left over from the call before)`,
    where: trial.case.label,
    cure: "Draw random numbers only to initialise weights; keep nothing between calls but what backward needs.",
    axes: [],
  });
  return false;
}

/** forward, backward; then forward on other data (twice), backward: as training does. */
function repeated(code: Calibrated, trial: Trial, { tolerance }: Forward, report: Report): void {
  const c = trial.case;
  const other: Values = { ...trial.inputs, x: mirrored(trial.inputs) };
  const dy = upstream(code.operation, trial.dy.shape, "another dy");
  const fresh = code.open(c);
  const y = fresh.forward(other);
  const expected = fresh.backward(dy);

  const session = code.open(c);
  session.forward(trial.inputs);
  const first = session.backward(trial.dy);
  const again = session.forward(other);
  if (differs(again, y, tolerance) && code.operation.kind !== "dropout") {
    report.findings.push({
      id: "forward-remembers",
      tensor: "y",
      mistake:
        "the second forward on the same instance gives another output than a fresh one: something is left over from the first call",
      where: `second forward, ${c.label}`,
      cure: "Start every buffer from zeros in each call.",
      axes: [],
    });
    return;
  }
  const second = session.backward(dy);
  const stale = compareRuns(code, session, { expected, first, second }, tolerance, report, c.label);

  if (!stale) twiceForward(code, trial, other, dy, expected, tolerance, report);
}

/** The gradients of a second step: the same as a fresh instance's, or added to those of the first. */
function compareRuns(
  code: Calibrated,
  session: Session,
  { expected, first, second }: { expected: Gradients; first: Gradients; second: Gradients },
  tolerance: number,
  report: Report,
  label: string,
): boolean {
  let stale = false;
  const added: string[] = [];
  for (const name of code.inputs) {
    const [want, got, before] = [expected.values[name], second.values[name], first.values[name]];
    if (want === undefined || got === undefined || before === undefined || !differs(got, want, tolerance))
      continue;
    const sum = want.clone();
    for (let i = 0; i < sum.size; i++) sum.data[i] += before.data[i];
    const accumulates = !differs(got, sum, Math.max(tolerance, 1e-5));
    const inField = second.kept.includes(name);
    if (accumulates && name !== "x" && (inField || hasReset(session))) {
      added.push(`d${name}`);
      continue;
    }
    stale = true;
    const same = !differs(got, before, tolerance);
    report.findings.push({
      id: accumulates ? "gradient-piles-up" : same ? "stale-cache" : "second-step-differs",
      tensor: `d${name}`,
      mistake: accumulates
        ? `d${name} piles up from call to call: what the first backward gave is added to the second (the gradient is not reset to zero)`
        : same
          ? `the second backward returns the gradient of the first: a stale cache (the input kept by the first forward is never replaced)`
          : `the second backward on the same instance gives another d${name} than a fresh instance: it uses something left over from the first call (a stale cache)`,
      where: `second forward and backward on the same instance, ${label}`,
      cure: accumulates
        ? "Start from zeros in every backward."
        : "Store what backward needs in every forward, unconditionally.",
      axes: ["sample"],
    });
  }
  if (added.length > 0)
    report.conventions.push(`${added.join(" and ")} add up over backward calls until they are set to zero`);
  if (!stale) report.checked.push("a second step on the same instance, with other data");
  return stale;
}

/** Two forwards, one backward: the gradient belongs to the last forward. */
function twiceForward(
  code: Calibrated,
  trial: Trial,
  other: Values,
  dy: Trial["dy"],
  expected: Gradients,
  tolerance: number,
  report: Report,
): void {
  const session = code.open(trial.case);
  session.forward(trial.inputs);
  session.forward(other);
  const got = session.backward(dy);
  const wrong = code.inputs.filter((name) => {
    const [a, b] = [got.values[name], expected.values[name]];
    return a !== undefined && b !== undefined && differs(a, b, tolerance);
  });
  if (wrong.length === 0) return;
  report.findings.push({
    id: "stale-cache",
    tensor: `d${wrong[0]}`,
    mistake: `a stale cache: after two forwards ${wrong.map((n) => `d${n}`).join(", ")} still belong to the first one`,
    where: `forward, forward, backward, ${trial.case.label}`,
    cure: "Store what backward needs in every forward, unconditionally.",
    axes: ["sample"],
  });
}

function hasReset(session: Session): boolean {
  const { object } = session;
  if (object === undefined) return false;
  return [
    "zeroGrad",
    "zero_grad",
    "zeroGradients",
    "zeroGrads",
    "resetGradients",
    "resetGrad",
    "clearGradients",
    "reset",
  ].some((name) => typeof Reflect.get(object, name) === "function");
}

/** The same numbers at other places, with other signs. */
function mirrored(inputs: Values): Values[string] {
  const x = inputs.x.clone();
  for (let i = 0; i < x.size; i++) x.data[i] = -inputs.x.data[x.size - 1 - i] * 0.75 + 1 / 128;
  return x;
}

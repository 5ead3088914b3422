import { Rng, type Tensor } from "@gradbook/core";
import { type Calibrated, probeOptions } from "../driving/calibrate.js";
import { withSeededRandom } from "../driving/random-source.js";
import type { Session } from "../driving/session.js";
import { type Examination, Fault, type Finding, type OnCall } from "../types.js";
import { compare } from "./compare.js";
import { fromFault } from "./findings.js";
import { evaluationBackward, randomLike } from "./trial.js";

/** Dropout has no derivative to compare with but its own mask: y/x of the forward pass is what dx/dy must be. */
export function examineDropout(subject: string, code: Calibrated, onCall: OnCall): Examination {
  const findings: Finding[] = [];
  const checked: string[] = [];
  const conventions = [...code.conventions];
  const c = code.operation.cases(code.can).probe;
  const inputs = code.operation.draw(c, new Rng("dropout"));
  const add = (id: string, tensor: string, mistake: string, cure: string, formula = "") =>
    findings.push({
      id: `dropout/${tensor}/${id}`,
      tensor,
      mistake,
      where: c.label,
      cure,
      axes: ["element"],
      ...(formula === "" ? {} : { formula }),
    });
  try {
    withSeededRandom("dropout", () => {
      onCall("forward", c.label);
      const session = code.open(c);
      const y = session.forward(inputs, true);
      const scale = judgeMask(code, inputs.x, y, add, checked, conventions);
      if (code.hasBackward && scale !== undefined) {
        onCall("backward", c.label);
        judgeBackward(session, inputs.x, y, scale, add, checked);
      }
      newMask(code, session, inputs, y, add, checked);
      judgeEvaluation(code, inputs, scale, add, checked, conventions);
      for (const m of session.mutations)
        add(
          `mutates-${m.split(" ")[2]}`,
          m.split(" ")[2],
          `${m}: an argument is mutated in place`,
          "Write the result into a new array.",
        );
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    findings.push(fromFault(error, c, "in every case"));
  }
  return {
    subject,
    kind: "dropout",
    verdict: findings.length > 0 ? "wrong" : "correct",
    findings,
    checked,
    conventions,
  };
}

type Add = (id: string, tensor: string, mistake: string, cure: string, formula?: string) => void;

/** @returns what the kept elements are multiplied by */
function judgeMask(
  code: Calibrated,
  x: Tensor,
  y: Tensor,
  add: Add,
  checked: string[],
  conventions: string[],
): number | undefined {
  const factors = Float64Array.from(y.data, (v, i) => v / x.data[i]);
  const kept = factors.filter((f) => f !== 0);
  const dropped = 1 - kept.length / factors.length;
  const [scale = 0] = kept;
  if (kept.some((f) => Math.abs(f - scale) > 1e-6 * Math.abs(scale))) {
    add(
      "not-a-mask",
      "y",
      "the kept elements are not all multiplied by the same number: y is not mask · x",
      "y = m·x/(1 − p) with m of zeros and ones.",
    );
    return undefined;
  }
  const takesRate =
    /\b(p|prob|rate|dropRate|dropProb|drop_prob|dropoutRate|dropout_rate|keep|keepProb|keep_prob|ratio|probability)\b/.test(
      code.source,
    );
  // p as the probability to keep, with the scale that belongs to it, is a habit of some courses
  const keeps =
    takesRate && Math.abs(scale * probeOptions.p - 1) < 1e-5 && Math.abs(dropped - 1 + probeOptions.p) < 0.1;
  if (keeps) conventions.push("p is the probability to keep an element");
  const p = keeps ? 1 - probeOptions.p : takesRate ? probeOptions.p : nearestRate(dropped);
  const near = (v: number, expected: number) =>
    Math.abs(v - expected) < 5 * Math.sqrt((expected * (1 - expected)) / factors.length) + 1e-9;
  if (dropped === 0) {
    add(
      "nothing-dropped",
      "y",
      "nothing is dropped while training",
      "While training, set each element to 0 with probability p.",
    );
    return undefined;
  }
  if (sameForAll(y, factors))
    add(
      "one-mask",
      "y",
      "every sample of the batch has the same mask",
      "Draw one random number for each element of x.",
    );
  else if (!near(dropped, p)) {
    const reversed = near(dropped, 1 - p);
    add(
      reversed ? "keeps-instead-of-drops" : "wrong-rate",
      "y",
      reversed
        ? `p is used as the probability to keep: ${percent(dropped)} are dropped where p = ${p} asks for ${percent(p)}`
        : `${percent(dropped)} of the elements are dropped, p = ${p} asks for ${percent(p)}`,
      "Keep an element where a uniform random number is at least p.",
      reversed ? "m = u ⟦<⟧ p" : "",
    );
  } else checked.push(`${percent(dropped)} of ${factors.length} elements dropped with p = ${p}`);
  const right = 1 / (1 - p);
  if (Math.abs(scale - right) < 1e-5) checked.push("the kept elements are divided by 1 − p");
  else if (Math.abs(scale - 1) < 1e-9) conventions.push("the kept elements are not scaled while training");
  else {
    const named = [
      [1 / p, "the kept elements are divided by p instead of 1 − p", "m·x/⟦p⟧"],
      [1 - p, "the kept elements are multiplied by 1 − p instead of divided", "m·x ⟦· (1 − p)⟧"],
      [p, "the kept elements are multiplied by p", "m·x ⟦· p⟧"],
      [right * right, "the kept elements are divided by 1 − p twice", "m·x/⟦(1 − p)²⟧"],
    ] as const;
    const found = named.find(([value]) => Math.abs(scale - value) < 1e-5);
    add(
      "wrong-scale",
      "y",
      found?.[1] ??
        `the kept elements are multiplied by ${Number(scale.toPrecision(4))}, expected 1/(1 − p) = ${Number(right.toPrecision(4))}`,
      "Divide by 1 − p, so that the mean of y is that of x.",
      found?.[2] ?? "",
    );
  }
  return scale;
}

function sameForAll(y: Tensor, factors: Float64Array): boolean {
  const N = y.shape[0];
  const row = y.size / N;
  return N > 1 && factors.every((f, at) => (f === 0) === (factors[at % row] === 0));
}

function judgeBackward(
  session: Session,
  x: Tensor,
  y: Tensor,
  scale: number,
  add: Add,
  checked: string[],
): void {
  const dy = randomLike(y.shape, "dropout dy");
  const { values, faults } = session.backward(dy);
  if (faults.length > 0) throw faults[0];
  const dx = values.x;
  if (dx === undefined) {
    add("missing", "dx", "backward returns no dx", "dx = dy · m/(1 − p).");
    return;
  }
  const factor = Float64Array.from(y.data, (v, i) => v / x.data[i]);
  const is = (value: (i: number) => number) =>
    compare(
      dx.data,
      Float64Array.from(dy.data, (_, i) => value(i)),
    ).error < 1e-5;
  const cure = "dx = dy · m/(1 − p), with the mask of the forward pass.";
  if (is((i) => dy.data[i] * factor[i])) checked.push("dx = dy times the forward pass's own mask and scale");
  else if (is((i) => dy.data[i]))
    add(
      "mask-missing",
      "dx",
      "the mask is not applied in the backward pass: dropped elements get gradient",
      cure,
      "dx = dy ⟦ ⟧",
    );
  else if (is((i) => (factor[i] === 0 ? 0 : dy.data[i])))
    add("scale-missing", "dx", "the scale 1/(1 − p) is missing in the backward pass", cure, "dx = dy · m⟦ ⟧");
  else if (is((i) => dy.data[i] * scale))
    add("scale-only", "dx", "the gradient is scaled but the mask is not applied", cure, "dx = dy⟦ ⟧/(1 − p)");
  else if (is((i) => dy.data[i] * factor[i] * factor[i]))
    add(
      "scale-twice",
      "dx",
      "the scale 1/(1 − p) is applied twice in the backward pass",
      cure,
      "dx = dy · m/⟦(1 − p)²⟧",
    );
  else if (is((i) => dy.data[i] * y.data[i]))
    add("output-for-mask", "dx", "dy is multiplied by the output instead of the mask", cure, "dx = dy · ⟦y⟧");
  else if (
    is((i) => (factor[i] === 0 ? dy.data[i] * scale : 0)) ||
    is((i) => (factor[i] === 0 ? dy.data[i] : 0))
  )
    add(
      "mask-inverted",
      "dx",
      "the mask is inverted in the backward pass: the dropped elements get the gradient",
      cure,
      "dx = dy · ⟦(1 − m)⟧/(1 − p)",
    );
  else if (scale === 1 && is((i) => (factor[i] === 0 ? 0 : dy.data[i] / (1 - probeOptions.p))))
    add(
      "scale-only-here",
      "dx",
      "the gradient is divided by 1 − p, but the forward pass does not divide",
      "dx = dy · m, with the factor that the forward pass has.",
      "dx = dy · m⟦/(1 − p)⟧",
    );
  else if (is((i) => (factor[i] === 0 ? 0 : dy.data[i] * (1 - 1 / scale === 0 ? 1 : 1 / scale))))
    add(
      "scale-multiplied",
      "dx",
      "the gradient is multiplied by 1 − p instead of divided",
      cure,
      "dx = dy · m ⟦· (1 − p)⟧",
    );
  else if (is((i) => (factor[i] === 0 ? 0 : dy.data[i] / (1 - probeOptions.p))))
    // the scale of the forward pass is a finding already
    checked.push(
      "dx = dy · m/(1 − p), with the forward pass's own mask: it is the forward pass that has to be repaired",
    );
  else {
    const zeros = dx.data.filter((v) => v === 0).length / dx.size;
    const again = session.backward(dy).values.x;
    const drawn =
      zeros > 0.05 && zeros < 0.95 && again !== undefined && compare(again.data, dx.data).error > 0;
    const open = factor.filter((f, i) => f === 0 && dx.data[i] !== 0).length;
    const shut = factor.filter((f, i) => f !== 0 && dx.data[i] === 0).length;
    const misplaced = `${open} dropped elements get gradient, ${shut} kept ones get none: the mask is applied at other places than in the forward pass, or to a part of them`;
    add(
      drawn ? "new-mask" : open + shut > 0 ? "mask-misplaced" : "unknown",
      "dx",
      drawn
        ? "a new mask is drawn in the backward pass: other elements are dropped than in the forward pass"
        : open + shut > 0
          ? misplaced
          : "dx is not dy times the mask of the forward pass",
      cure,
      drawn ? "dx = dy · ⟦new⟧ m/(1 − p)" : "",
    );
  }
}

/** Every forward draws its own mask. */
function newMask(
  code: Calibrated,
  session: Session,
  inputs: Parameters<Session["forward"]>[0],
  first: Tensor,
  add: Add,
  checked: string[],
): void {
  // a function that is handed a fresh random source with the same seed at every call cannot differ
  const taken = /\brng\b|\brandom\w*\s*\(|seed/.test(code.source.replace(/Math\.random/g, ""));
  if (taken && !(/Math\.random/.test(code.source) && /\bconstructor\b/.test(code.source))) return;
  const second = session.forward(inputs, true);
  if (compare(second.data, first.data).error > 0) checked.push("a new mask in every forward");
  else
    add(
      "mask-kept",
      "y",
      "the mask is drawn once and then kept: every forward drops the same elements",
      "Draw a new mask in every forward.",
    );
}

function judgeEvaluation(
  code: Calibrated,
  inputs: Parameters<Session["forward"]>[0],
  scale: number | undefined,
  add: Add,
  checked: string[],
  conventions: string[],
): void {
  if (!/train|eval|mode|inference|test/i.test(code.source)) {
    if (scale !== undefined && Math.abs(scale - 1) < 1e-9)
      add(
        "scale-missing",
        "y",
        "the kept elements are not scaled by 1/(1 − p): the mean of y is smaller than that of x, and there is no evaluation mode that would make up for it",
        "y = m·x/(1 − p).",
        "y = m·x⟦ ⟧",
      );
    return;
  }
  const c = code.operation.cases(code.can).probe;
  const session = code.open(c);
  session.forward(inputs, true);
  const y = session.forward(inputs, false);
  const factors = Float64Array.from(y.data, (v, i) => v / inputs.x.data[i]);
  const [f] = factors;
  if (factors.some((v) => Math.abs(v - f) > 1e-6)) {
    add("drops-in-evaluation", "y", "elements are dropped while evaluating", "When not training, y = x.");
    return;
  }
  const expected = scale !== undefined && Math.abs(scale - 1) < 1e-9 ? 1 - probeOptions.p : 1;
  if (Math.abs(f - expected) < 1e-6) {
    checked.push("evaluation drops nothing");
    if (code.hasBackward) {
      const dy = randomLike(y.shape, "evaluation dy");
      evaluationBackward(
        session,
        dy,
        dy.data.map((g) => g * f),
        checked,
      );
    }
    if (expected !== 1) conventions.push("the scale 1 − p is applied while evaluating");
    return;
  }
  if (expected !== 1 && Math.abs(f - 1) < 1e-6) {
    add(
      "scale-missing",
      "y",
      "the kept elements are not scaled by 1/(1 − p) while training, nor by 1 − p while evaluating: the two modes have different means",
      "y = m·x/(1 − p) while training, y = x while evaluating.",
      "y = m·x⟦ ⟧",
    );
    return;
  }
  add(
    "scaled-in-evaluation",
    "y",
    `evaluation multiplies by ${Number(f.toPrecision(4))}`,
    "When not training, y = x.",
  );
}

function nearestRate(dropped: number): number {
  return [0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8].reduce((a, b) =>
    Math.abs(b - dropped) < Math.abs(a - dropped) ? b : a,
  );
}

function percent(v: number): string {
  return `${Math.round(v * 100)} %`;
}

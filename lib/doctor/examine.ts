import { examineFree, type FreeReport } from "./definition-free/examine-free.js";
import { standsAlone } from "./diagnosis.js";
import { type Calibrated, calibrateClass, calibratePair } from "./driving/calibrate.js";
import type { Pair } from "./driving/function-pair.js";
import { calibrateColumns } from "./driving/im2col.js";
import { calibrateLoss, type LossCode } from "./driving/loss.js";
import type { OptimizerCode } from "./driving/optimizer.js";
import { examineDropout } from "./judging/examine-dropout.js";
import { examineLayer } from "./judging/examine-layer.js";
import { examineOptimizer } from "./judging/examine-optimizer.js";
import { examineTrainStep } from "./judging/examine-train-step.js";
import { fromFault } from "./judging/findings.js";
import { isWhereverCalled } from "./judging/proof.js";
import { judging } from "./judging/trial.js";
import { allOperations, layerOperations } from "./operations/all.js";
import { euclidean, euclideanOfLabels, softmaxCrossEntropy } from "./operations/losses.js";
import type { Operation } from "./operations/operation.js";
import type { OptimizerKind } from "./operations/optimizer-rules.js";
import type { Subject } from "./reading/recognise.js";
import { spelled } from "./spelling.js";
import { CannotDrive, type Examination, Fault, type Finding, type Kind, type OnCall } from "./types.js";

/** Examines one subject; never throws for what the examined code does. */
export function examine(subject: Subject, onCall: OnCall): Examination {
  try {
    const rules = subject.kinds.filter(isRule);
    if (rules.length > 0) return examineOptimizer(subject.name, rules, optimizerCode(subject), onCall);
    if (subject.kinds[0] === "trainStep" && subject.shape.form === "function")
      return examineTrainStep(subject.name, subject.shape.fn, onCall);
    const found = known(subject, onCall);
    // what never ends here may be the way that it is called: nothing is blamed for it
    onCall(judging, subject.name);
    const all = combined(found, examineFree(subject));
    const isAlone = subject.kinds.length === 0 && subject.shape.form === "function";
    return isAlone && all.verdict === "unsure" ? { ...all, checked: [`not checked: ${standsAlone}`] } : all;
  } catch (error) {
    return failed(subject, error);
  }
}

/** What is known of the operation that the code seems to be, held against it. */
function known(subject: Subject, onCall: OnCall): Examination {
  try {
    const code = calibrate(subject, onCall);
    if (code.operation.kind === "dropout")
      return notBlamedForCalls(examineDropout(subject.name, code, onCall));
    return spelled(examineLayer(subject.name, code, onCall));
  } catch (error) {
    return failed(subject, error);
  }
}

/** That it throws a TypeError wherever it is called may be the way that it is called: a mask as an argument. */
function notBlamedForCalls(e: Examination): Examination {
  const isOfCalls =
    e.findings.length > 0 && e.findings.every(({ mistake }) => /throws (TypeError|RangeError)/.test(mistake));
  if (!isOfCalls) return e;
  return {
    ...e,
    verdict: "unsure",
    findings: [],
    checked: [...e.checked, `not checked: ${e.findings[0].mistake}, as it was called`],
  };
}

function failed(subject: Subject, error: unknown): Examination {
  if (error instanceof Fault && isWhereverCalled(error)) return broken(subject, error);
  const { reason, cure } =
    error instanceof CannotDrive
      ? error
      : error instanceof Fault
        ? notDriven(subject.name, error)
        : unexpected(subject.name, error);
  return {
    subject: subject.name,
    kind: subject.kinds[0] ?? "unknown",
    verdict: "unsure",
    findings: [],
    checked: [`not checked: ${reason.replace(/\.+$/, "")}. ${cure}`],
    conventions: [],
  };
}

/** Situations from which on agreement everywhere is no accident. */
const ENOUGH = 2;

/**
 * The derivative of the code's own forward decides about its gradients; what is known of the operation names mistakes, and
 * speaks of forward and of special values.
 */
function combined(known: Examination, free: FreeReport | undefined): Examination {
  if (free === undefined) return known;
  const { right, wrong, open, tried, isIdentity, meant } = free;
  const notTried = [...(known.notTried ?? []), ...free.notTried];
  const proof =
    right.length === 0
      ? []
      : [
          `${right.join(", ")}: ${right.length === 1 ? "the derivative" : "the derivatives"} of its own forward, in ${tried.length} calls of different sizes`,
        ];
  const isWhole =
    right.length > 0 && open.length === 0 && wrong.length === 0 && tried.length >= ENOUGH && !isIdentity;
  const habits = Array.from(meant, ([tensor, words]) => `${tensor} is ${words}`);
  const isPlain = Array.from(meant.values()).every((words) => words === "divided by the batch");
  if (known.verdict === "wrong") {
    const isRefuted = ({ tensor, picture }: Finding) =>
      picture !== undefined && (meant.has(tensor) || (right.includes(tensor) && isElementwise(known.kind)));
    if (!isWhole || !known.findings.every(isRefuted)) return { ...known, notTried };
  }
  if (wrong.length > 0)
    return {
      ...known,
      verdict: "wrong",
      findings: wrong,
      checked: [
        ...proof,
        ...known.checked.filter((line) => !line.startsWith("not checked") && !isAbout(line, wrong)),
      ],
      notTried,
    };
  const isDoubted = known.checked.some((line) =>
    line.startsWith("not checked: whether this is what was meant"),
  );
  const conventions = [...known.conventions, ...(isPlain ? habits : [])];
  const held = known.checked.filter((line) => !line.startsWith("not checked"));
  if (known.verdict !== "correct" && isWhole && !isPlain) {
    const doubt = `not checked: whether this is what was meant: ${habits.join(", ")}`;
    return { ...known, verdict: "unsure", findings: [], checked: [...proof, ...held, doubt], notTried };
  }
  if (known.verdict !== "correct" && isWhole && !isDoubted)
    return {
      ...known,
      verdict: "correct",
      findings: [],
      checked: [...proof, ...held],
      conventions,
      notTried,
    };
  return { ...known, notTried };
}

/** Operations of single numbers, which have no options that the free examination might not have tried. */
function isElementwise(kind: Examination["kind"]): boolean {
  return kind === "relu" || kind === "leakyRelu" || kind === "sigmoid" || kind === "tanh";
}

/** Whether what was found to hold is about one of the tensors that are wrong. */
function isAbout(line: string, wrong: readonly Finding[]): boolean {
  return wrong.some(({ tensor }) => line.includes(tensor));
}

/** The code fails wherever it is called. */
function broken({ name, kinds }: Subject, fault: Fault): Examination {
  const findings = [fromFault(fault, undefined, "in every case")];
  return spelled({
    subject: name,
    kind: kinds[0] ?? "unknown",
    verdict: "wrong",
    findings,
    checked: [],
    conventions: [],
  });
}

/** It failed in a call that was made up here: perhaps it wants to be called otherwise. */
function notDriven(name: string, { phase, detail }: Fault): { reason: string; cure: string } {
  return {
    reason: `${name}: ${phase} failed as it was called (${detail})`,
    cure: "Name its parameters after what they are: x, W, b, kernel, stride, pad; dy, cache or x in backward.",
  };
}

/** Code can always do something that nobody thought of: that must not be taken for a verdict. */
function unexpected(name: string, error: unknown): { reason: string; cure: string } {
  const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    reason: `${name}: the examination itself failed (${words}).`,
    cure: "Examine its parts one by one.",
  };
}

function calibrate(subject: Subject, onCall: OnCall): Calibrated {
  onCall("first call", subject.name);
  const { own } = subject;
  if (subject.kinds[0] === "softmaxCrossEntropy")
    return calibrateLoss(subject.name, lossCode(subject), [softmaxCrossEntropy], own);
  if (subject.kinds[0] === "euclidean")
    return calibrateLoss(subject.name, lossCode(subject), [euclidean, euclideanOfLabels], own);
  if (subject.kinds[0] === "im2col") return calibrateColumns(subject.name, pairOf(subject), own);
  const operations = operationsFor(subject.kinds);
  const { shape, name } = subject;
  const known = subject.kinds.length > 0;
  switch (shape.form) {
    case "class":
      return calibrateClass(name, { make: shape.make }, operations, own, known, onCall);
    case "instance":
      return calibrateClass(name, { instance: shape.instance }, operations, own, known, onCall);
    case "pair":
      return calibratePair(name, shape, operations, own, known, onCall);
    case "function":
      return calibratePair(name, { forward: shape.fn }, operations, own, known, onCall);
  }
}

function isRule(kind: Kind): kind is OptimizerKind {
  return kind === "sgd" || kind === "momentum" || kind === "rmsprop" || kind === "adam";
}

function optimizerCode({ shape, name }: Subject): OptimizerCode {
  switch (shape.form) {
    case "class":
      return { maker: { make: shape.make } };
    case "instance":
      return { maker: { instance: shape.instance } };
    case "function":
      return { fn: shape.fn };
    case "pair":
      throw new CannotDrive(
        `${name}: two functions for one update rule.`,
        "Export one function (w, g, state, options).",
      );
  }
}

function pairOf({ shape, name }: Subject): Pair {
  if (shape.form === "pair") return shape;
  if (shape.form === "function") return { forward: shape.fn };
  throw new CannotDrive(
    `${name}: im2col is expected as functions.`,
    "Export im2col(x, kernel, stride, pad) and col2im(cols, xShape, kernel, stride, pad).",
  );
}

function lossCode({ shape }: Subject): LossCode {
  switch (shape.form) {
    case "class":
      return { maker: { make: shape.make } };
    case "instance":
      return { maker: { instance: shape.instance } };
    case "pair":
      return shape;
    case "function":
      return { forward: shape.fn };
  }
}

function operationsFor(kinds: readonly Kind[]): readonly Operation[] {
  const found = kinds.flatMap((kind) => layerOperations[kind] ?? []);
  return found.length > 0 ? found : allOperations;
}

import type { Calibrated } from "../driving/calibrate.js";
import type { Fault, Finding, Kind } from "../types.js";
import type { Forward, OwnGradient, Report } from "./report.js";
import type { Trial } from "./trial.js";

/**
 * Blame needs proof: a call under which the code computed the operation itself, or a backward pass that differs from the
 * differences of its own forward. Findings that have neither are withdrawn: what the code computes is then something that
 * the doctor does not know, or was called in a way that it does not want.
 */
export function withdrawUnproven(
  subject: string,
  code: Calibrated,
  trials: readonly Trial[],
  forward: Forward,
  report: Report,
): void {
  const { findings, own } = report;
  const culprits = blamedByForward(subject, code, report);
  if (culprits !== undefined) {
    findings.splice(0, findings.length, ...culprits);
    return;
  }
  report.checked.push(...own.flatMap(({ words }) => words ?? []));
  if (findings.length === 0) return;
  const named = findings.some(({ id }) => id !== "unknown");
  const disproved = own.some(({ agrees }) => !agrees);
  if (!forward.proven) withdrawAll(subject, code, trials, report);
  // equal to the definition here and there, as a dense layer with ReLU is where nothing is negative
  else if (!forward.right && !named && !disproved) withdrawAll(subject, code, trials, report);
  else if (code.hasBackward) withdrawBackward(code, trials, report);
}

/**
 * The gradients that are wrong where forward is a layer of its own: some are its derivative, so it is meant as it is, and the
 * others are not. Under the operation's own name, or with a mistake that has a name, it is forward that is looked at.
 */
function blamedByForward(
  subject: string,
  { operation }: Calibrated,
  { findings, own }: Report,
): readonly Finding[] | undefined {
  if (!understood(own) || bears(subject, operation.kind) || findings.some(({ id }) => id !== "unknown"))
    return undefined;
  const culprits = own.flatMap(({ finding }) => finding ?? []);
  return culprits.length > 0 ? culprits : undefined;
}

/** An input or weights whose gradient is right show that backward was called as it wants to be. */
function understood(own: readonly OwnGradient[]): boolean {
  return own.some(({ tensor, agrees }) => agrees && !["db", "dbeta"].includes(tensor));
}

/** Forward never was the definition: only what its own derivative proves stays. */
function withdrawAll(
  subject: string,
  { operation, hasBackward }: Calibrated,
  trials: readonly Trial[],
  report: Report,
): void {
  const { findings, own, open, checked } = report;
  const faults = trials.flatMap(({ fault }) => (fault === undefined ? [] : [fault]));
  if (faults.some(isWhereverCalled)) return;
  const numbers = trials.some(({ fault }) => fault === undefined);
  const disproved = own.filter(({ agrees }) => !agrees).map(({ tensor }) => tensor);
  const proof =
    findings.some(({ tensor }) => disproved.includes(tensor)) ||
    (disproved.length > 0 && understood(own) && faults.length === 0);
  const followed = own.some(({ isDefinitions }) => isDefinitions);
  if (numbers && (proof || followed)) return;
  const [first] = findings;
  // whatever it computes, it changes what it is given
  const changed = findings.filter(({ id }) => id.startsWith("mutates-"));
  findings.length = 0;
  if (numbers) findings.push(...changed);
  const agrees =
    own.length > 0 &&
    disproved.length === 0 &&
    own.some(({ tensor }) => tensor === "dx" || operation.scalar === true);
  if (agrees && faults.length === 0) {
    const words = `consistent: ${own.map(({ tensor }) => tensor).join(", ")} ${own.length === 1 ? "is the derivative" : "are the derivatives"} of its own forward. It is not the ${operation.title} that the doctor knows: ${first.mistake}`;
    // a layer of another name may well be another one; one that bears this name should be it
    if (bears(subject, operation.kind)) open.push(`whether this is what was meant; ${words}`);
    else checked.push(words);
    return;
  }
  const why = hasBackward
    ? "no way to call it was found under which it computes that operation or can be told from it"
    : "there is no backward to hold against it";
  open.push(
    `it does not compute the ${operation.kind} that the doctor knows (${first.tensor}: ${first.mistake}), but ${why}. Name it after what it computes and its parameters after what they are (x, W, b, kernel, stride, pad; dy in backward)`,
  );
}

/** Backward failed wherever it was called: perhaps it is called otherwise. */
function withdrawBackward(code: Calibrated, trials: readonly Trial[], report: Report): void {
  const ran = trials.filter(({ y }) => y !== undefined);
  const gaveNumbers = ran.some(({ gradients }) =>
    Object.values(gradients?.values ?? {}).some((t) => t !== undefined),
  );
  if (gaveNumbers || ran.some(({ fault }) => fault !== undefined && isWhereverCalled(fault))) return;
  const failed = report.findings.filter(({ tensor }) => isGradient(code, tensor));
  if (failed.length === 0) return;
  const kept = report.findings.filter((f) => !failed.includes(f));
  report.findings.length = 0;
  report.findings.push(...kept);
  report.open.push(
    `backward gave numbers in no case (${said(failed)}), which may be the way it was called. Take dy and, where it is needed, what forward returned as its cache`,
  );
}

function isGradient({ operation }: Calibrated, tensor: string): boolean {
  return tensor === "dy" || operation.inputs.some((name) => tensor === `d${name}`);
}

function said(findings: readonly Finding[]): string {
  return findings.map(({ tensor, mistake }) => `${tensor}: ${mistake}`).join("; ");
}

/** A fault that no other way of calling would cure. */
export function isWhereverCalled({ thrown, detail, sort }: Fault): boolean {
  return (
    thrown instanceof ReferenceError ||
    sort === "promise" ||
    /not implemented|todo|unimplemented/i.test(detail)
  );
}

/** What people call these operations when they mean nothing else. */
const plainNames: Partial<Readonly<Record<Kind, RegExp>>> = {
  conv2d: /^conv(olution(al)?)?$/,
  linear: /^(linear|dense|affine|fc|fullyconnected)$/,
  maxPool2d: /^(max)?pool(ing)?(max)?$/,
  avgPool2d: /^((avg|average|mean)pool(ing)?|pool(ing)?(avg|average|mean)?)$/,
  relu: /^relu$/,
  leakyRelu: /^(leakyrelu|lrelu)$/,
  sigmoid: /^(sigmoid|logistic)$/,
  tanh: /^tanh$/,
  flatten: /^flatten$/,
  batchNorm1d: /^(batchnorm(ali[sz]ation)?|bn)$/,
  batchNorm2d: /^(spatial)?(batchnorm(ali[sz]ation)?|bn)$/,
  softmax: /^softmax$/,
  softmaxCrossEntropy: /^(softmax(with)?)?(ce|crossentropy|xent)$|^softmax$/,
  euclidean: /^(mse|euclidean|l2|meansquared?(error)?)$/,
};

/** Whether an export bears the operation's own name, and nothing beside it that would make it another one. */
function bears(subject: string, kind: Kind): boolean {
  const [name] = subject.split(", ");
  const plain = name
    .replace(/[_$-]/g, "")
    .toLowerCase()
    .replace(/forward|fwd|backward|bwd|layer|loss|naive|fast|^my|custom|simple|[12]d/g, "");
  return plainNames[kind]?.test(plain) ?? true;
}

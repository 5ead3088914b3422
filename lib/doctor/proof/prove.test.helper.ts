import { Rng } from "@gradbook/core";
import { diagnose } from "../diagnose.js";
import { compile, mutateSource } from "./source-mutants.test.helper.js";
import { type Student, students } from "./students.test.helper.js";

/** What became of one mutant. */
export interface Outcome {
  readonly student: string;
  readonly loop: string;
  readonly edit: string;
  readonly verdict: string;
  readonly tensor: boolean;
  readonly axis: boolean;
  /** The axes that the edit touches ⇒ those that the doctor names. */
  readonly axes: string;
  /** What the doctor said. */
  readonly said: string;
}

/** Functions that the compiled definitions call by another name within their module. */
const renamed: Readonly<Record<string, string>> = {
  portableSigmoid: "portableSigmoid",
  portableTanh: "portableTanh",
};

/**
 * Random small edits in the source of the definitions, each examined as a student's code. Edits that change nothing that
 * can be observed are left out: the same results to the last digit in every case that `differs` tries.
 */
export function proveMutants(count: number, seed: string, see: (o: Outcome) => void = () => {}): Outcome[] {
  const rng = new Rng(seed);
  const outcomes: Outcome[] = [];
  const seen = new Set<string>();
  for (let tries = 0; outcomes.length < count && tries < count * 20; tries++) {
    const student = students[rng.int(students.length)];
    const loopNames = Object.keys(student.loops);
    const loop = loopNames[rng.int(loopNames.length)];
    const source = sourceOf(student, loop);
    const mutant = mutateSource(loop, source, rng);
    if (mutant === undefined || seen.has(loop + mutant.source)) continue;
    seen.add(loop + mutant.source);
    let made: (...args: never[]) => unknown;
    try {
      made = compile(mutant.source, student.helpers);
    } catch {
      continue;
    }
    const loops = { ...student.loops, [loop]: made };
    if (!differs(student, loop, made)) continue;
    const d = diagnose(student.make(loops, Float64Array));
    const tensors = student.tensorOf[loop].split("|");
    const found = d.findings.find((f) => tensors.includes(f.tensor));
    const outcome = {
      student: student.name,
      loop,
      edit: mutant.edit,
      verdict: d.verdict,
      tensor: found !== undefined,
      axis: found !== undefined && axisFits(found.axes, mutant.axes, `${found.where} ${found.mistake}`),
      axes: `${mutant.axes.join(", ")} ⇒ ${found?.axes.join(", ") ?? ""}`,
      said: found?.mistake ?? d.findings.map((f) => `${f.tensor}: ${f.mistake}`).join(" | "),
    };
    outcomes.push(outcome);
    see(outcome);
  }
  return outcomes;
}

/**
 * Whether the axes that the doctor names are those that the edit touches: one of them at least, and not more than one
 * besides, for whoever names them all is always right. A call that fails has no axis.
 */
export function axisFits(found: readonly string[], edited: readonly string[], words: string): boolean {
  if (found.length === 0) return /never ends|NaN|infinite|throws|has the shape/.test(words);
  // channels of input and output, features and channels are one axis seen from two sides
  const plain = (axes: readonly string[]) => [
    ...new Set(axes.map((axis) => (/channel|feature/.test(axis) ? "channel" : axis))),
  ];
  const [named, touched] = [plain(found), plain(edited)];
  return named.some((axis) => touched.includes(axis)) && named.length <= touched.length + 1;
}

function sourceOf({ loops, helpers = {} }: Student, loop: string): string {
  let source = Function.prototype.toString.call(loops[loop]);
  // the compiled modules import some helpers under other names
  for (const name of Object.keys(helpers)) source = source.replaceAll(renamed[name] ?? name, name);
  return source;
}

/** Whether an edited loop gives anything else than the definition's, tried on its own in some random situations. */
function differs(student: Student, loop: string, made: (...args: never[]) => unknown): boolean {
  for (const args of situations(student.name, loop)) {
    const [a, b] = [args(), args()];
    let results: unknown[];
    try {
      results = [Reflect.apply(student.loops[loop], undefined, a), Reflect.apply(made, undefined, b)];
    } catch (error) {
      // a name from another scope would not compile; an endless loop is found by the watching process
      return !(error instanceof ReferenceError) && !String(error).includes("never ends");
    }
    if (JSON.stringify([results[0], a]) !== JSON.stringify([results[1], b])) {
      if (closeEnough(results[0], results[1], a, b)) continue;
      return true;
    }
  }
  return false;
}

function closeEnough(x: unknown, y: unknown, a: readonly unknown[], b: readonly unknown[]): boolean {
  const flat = (v: unknown): number[] =>
    typeof v === "number" ? [v] : ArrayBuffer.isView(v) ? Array.from(v as Float64Array) : [];
  const [p, q] = [[x, ...a].flatMap(flat), [y, ...b].flatMap(flat)];
  return (
    p.length === q.length &&
    p.every((v, i) => Object.is(v, q[i]) || Math.abs(v - q[i]) <= 1e-9 * (1 + Math.abs(v)))
  );
}

/** Fresh arguments for one loop, the same at every call. */
function situations(student: string, loop: string): (() => unknown[])[] {
  const sizes = [
    { N: 2, C: 3, F: 4, H: 6, W: 7, KH: 3, KW: 3, SH: 1, SW: 1, PH: 1, PW: 1 },
    { N: 3, C: 2, F: 3, H: 7, W: 5, KH: 3, KW: 3, SH: 2, SW: 2, PH: 1, PW: 1 },
    { N: 1, C: 2, F: 1, H: 5, W: 6, KH: 2, KW: 2, SH: 2, SW: 2, PH: 0, PW: 0 },
  ];
  return sizes.map((s) => () => {
    const rng = new Rng(`situation/${s.H}`);
    const noise = (n: number) => Float64Array.from({ length: n }, () => rng.normal());
    const OH = Math.floor((s.H + 2 * s.PH - s.KH) / s.SH) + 1;
    const OW = Math.floor((s.W + 2 * s.PW - s.KW) / s.SW) + 1;
    const d = { ...s, OH, OW, planes: s.N * s.C, I: s.C, O: s.F, S: s.H * s.W };
    const x = noise(s.N * s.C * s.H * s.W);
    const [pooled, out] = [s.N * s.C * OH * OW, s.N * s.F * OH * OW];
    const W = noise(s.F * s.C * s.KH * s.KW);
    switch (`${student}/${loop}`) {
      case "conv2d/conv2dForward":
        return [x, W, noise(s.F), new Float64Array(out), d];
      case "conv2d/conv2dBackwardInput":
        return [noise(out), W, new Float64Array(x.length), d];
      case "conv2d/conv2dBackwardWeight":
        return [noise(out), x, new Float64Array(W.length), d];
      case "conv2d/conv2dBackwardBias":
        return [noise(out), new Float64Array(s.F), d];
      case "linear/linearForward":
        return [noise(s.N * s.C), noise(s.C * s.F), noise(s.F), new Float64Array(s.N * s.F), d];
      case "linear/linearBackwardInput":
        return [noise(s.N * s.F), noise(s.C * s.F), new Float64Array(s.N * s.C), d];
      case "linear/linearBackwardWeight":
        return [noise(s.N * s.F), noise(s.N * s.C), new Float64Array(s.C * s.F), d];
      case "linear/linearBackwardBias":
        return [noise(s.N * s.F), new Float64Array(s.F), d];
      case "avgPool2d/avgPool2dForward":
        return [x, new Float64Array(pooled), d];
      case "avgPool2d/avgPool2dBackwardInput":
        return [noise(pooled), new Float64Array(x.length), d];
      case "maxPool2d/maxPool2dForward":
        return [x, new Float64Array(pooled), new Int32Array(pooled), d];
      case "maxPool2d/maxPool2dBackwardInput":
        return [
          noise(pooled),
          Int32Array.from({ length: pooled }, () => rng.int(x.length)),
          new Float64Array(x.length),
        ];
      case "batchNorm2d/batchMean":
        return [x, d];
      case "batchNorm2d/batchVariance":
        return [x, noise(s.C), d];
      case "batchNorm2d/batchNormForward":
        return [
          x,
          noise(s.C),
          noise(s.C),
          noise(s.C),
          noise(s.C),
          new Float64Array(x.length),
          new Float64Array(x.length),
          d,
        ];
      case "batchNorm2d/batchNormBackwardInput":
        return [noise(x.length), x, noise(s.C), noise(s.C), new Float64Array(x.length), d, true];
      case "batchNorm2d/batchNormBackwardWeight":
        return [noise(x.length), x, new Float64Array(s.C), d];
      case "batchNorm2d/batchNormBackwardBias":
        return [noise(x.length), new Float64Array(s.C), d];
      case "leakyRelu/forward":
        return [x, new Float64Array(x.length), 0.125];
      case "leakyRelu/backward":
        return [noise(x.length), x, new Float64Array(x.length), 0.125];
      case "softmaxCrossEntropy/softmaxCrossEntropySum":
        return [noise(s.H * s.W), Array.from({ length: s.H }, () => rng.int(s.W)), s.W];
      case "softmaxCrossEntropy/softmaxCrossEntropyGradient":
        return [
          noise(s.H * s.W),
          Array.from({ length: s.H }, () => rng.int(s.W)),
          new Float64Array(s.H * s.W),
          s.W,
          s.H,
        ];
      default:
        return loop === "forward"
          ? [x, new Float64Array(x.length)]
          : [noise(x.length), x, noise(x.length), new Float64Array(x.length)];
    }
  });
}

import { configError, type Given, oneOf, options, text } from "@gradbook/base";
import { Diagnosis } from "./diagnosis.js";
import { examine } from "./examine.js";
import { asOwnInterface } from "./reading/own-interfaces.js";
import { kindsOf, recognise, type Subject } from "./reading/recognise.js";
import { type Callable, kinds } from "./types.js";

/** A layer class or instance, a loss, an update rule, `[forward, backward]`, or a record of such things by name. */
export type Diagnosable = object | readonly [forward: Callable, backward: Callable];

const diagnoseOptions = {
  /**
   * What the code is meant to be, where its name does not tell: `"conv2d"`, `"batchNorm1d"`, `"adam"` …
   * @default inferred from the names
   */
  kind: oneOf(...kinds).optional(),
  /**
   * How it is called in the result.
   * @default the code's own name
   */
  name: text().optional(),
};
/**
 * Options of `diagnose`.
 * @interface
 */
export type DiagnoseOptions = Given<typeof diagnoseOptions>;

/**
 * Examines hand-written code and names its mistake.
 *
 * The truth is the numerical derivative of the code's own forward, in float64, and the definition of the operation.
 * The result shows itself in a cell: the mistake in words, the formula with the wrong term marked, a picture of
 * expected, got and difference. It never says "correct" of what it could not try.
 * @param target a layer class or instance, a loss, an update rule, `[forward, backward]`, or a record of such things
 * @throws GradbookError when there is nothing to examine in `target`; never for what the examined code does
 *
 * @example
 * ```ts
 * import { diagnose } from "gradbook";
 *
 * const forward = (x: number[]) => x.map((v) => Math.max(v, 0));
 * const backward = (dy: number[], _x: number[]) => dy; // forgets that relu is flat below 0
 * const diagnosis = diagnose([forward, backward], { kind: "relu" });
 * console.log(diagnosis.verdict, diagnosis.findings[0].tensor); // wrong dx
 * ```
 */
export function diagnose(target: Diagnosable, config: DiagnoseOptions = {}): Diagnosis {
  const given = options("diagnose", diagnoseOptions, config);
  const isCode = (typeof target === "object" && target !== null) || typeof target === "function";
  const { subjects, others } = isCode ? subjectsOf(target, given) : { subjects: [], others: [] };
  if (subjects.length === 0) {
    throw configError(
      "diagnose",
      others.length > 0
        ? `${others.join(", ")}: nothing that looks like a layer, a loss or an update rule`
        : target === undefined
          ? "missing argument"
          : "nothing to examine",
      "a class with forward and backward, a pair of functions, a loss or an update rule",
      'Say what it is: diagnose([forward, backward], { kind: "conv2d" }).',
    );
  }
  return new Diagnosis(
    subjects.map((s) => examine(s, () => {})),
    others,
  );
}

function subjectsOf(
  target: Diagnosable,
  { kind, name }: DiagnoseOptions,
): { subjects: Subject[]; others: string[] } {
  const named = (subject: Subject): Subject => ({
    name: name ?? subject.name,
    kinds: kind === undefined ? subject.kinds : [kind],
    shape: subject.shape,
  });
  const own = asOwnInterface(target);
  if (own !== undefined) return { subjects: [named(own)], others: [] };
  if (Array.isArray(target)) {
    const [forward, backward]: unknown[] = target;
    if (typeof forward !== "function" || typeof backward !== "function") return { subjects: [], others: [] };
    const pair = { form: "pair" as const, forward: forward as Callable, backward: backward as Callable };
    const called = `${forward.name || "forward"}, ${backward.name || "backward"}`;
    return { subjects: [named({ name: called, kinds: kindsOf(forward.name), shape: pair })], others: [] };
  }
  if (typeof target === "function") {
    const found = recognise({ [target.name || "code"]: target });
    if (found.subjects.length > 0 || kind === undefined)
      return { ...found, subjects: found.subjects.map(named) };
    return {
      subjects: [
        named({
          name: target.name || "code",
          kinds: [kind],
          shape: { form: "function", fn: target as Callable },
        }),
      ],
      others: [],
    };
  }
  if (
    typeof Reflect.get(target, "forward") === "function" ||
    typeof Reflect.get(target, "backward") === "function"
  ) {
    const label = target.constructor === Object ? "layer" : target.constructor.name;
    const { subjects } = recognise({ [label]: target });
    return { subjects: subjects.map(named), others: [] };
  }
  const found = recognise({ ...target });
  return {
    others: found.others,
    subjects: found.subjects.length === 1 ? found.subjects.map(named) : found.subjects,
  };
}

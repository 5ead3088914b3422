import type { Tensor } from "@gradbook/core";
import { factorText } from "../numbers.js";
import type { Mistake, Operation } from "../operations/operation.js";
import type { Case, Fault, Finding } from "../types.js";
import { circumstances } from "./circumstances.js";
import { axisWord, localise, planeOf } from "./localise.js";
import type { Match } from "./match.js";
import type { Products } from "./products.js";

/** A tensor that came out wrong: what was seen of it. */
export interface WrongTensor {
  readonly tensor: string;
  /** Its axes, by letter. */
  readonly letters: readonly string[];
  /** The failing cases, the smallest first. */
  readonly failing: readonly { readonly case: Case; readonly got: Tensor; readonly expected: Tensor }[];
  readonly passing: readonly Case[];
  readonly matched: Match | undefined;
  readonly dependsOn: readonly string[];
  readonly products: Products;
  readonly tolerance: number;
  /** Axes of an operation that has no others: the elements of an activation, the classes of a loss. */
  readonly onlyAxes?: readonly string[] | undefined;
}

/** Activations go element by element. */
export function onlyAxesOf({ kind, scalar }: Operation): readonly string[] | undefined {
  if (scalar === true) return ["class"];
  return ["relu", "leakyRelu", "sigmoid", "tanh"].includes(kind) ? ["element"] : undefined;
}

export function wrongTensor(seen: WrongTensor): Finding {
  const { tensor, letters, failing, passing, matched, tolerance } = seen;
  const [smallest] = failing;
  const when = circumstances(
    failing.map((f) => f.case),
    passing,
  );
  const place = localise(smallest.got, smallest.expected, letters, tolerance);
  const { words, cure, formula, id } = spell(seen, place.words);
  return {
    id,
    tensor,
    mistake: words,
    where: `${when.words}; smallest failing case ${smallest.case.label}: ${place.words}`,
    cure,
    ...(formula === "" ? {} : { formula }),
    axes: axesOf(seen, place.axes, when.axes),
    picture: { tensor, ...planeOf(tensor, smallest.got, smallest.expected) },
  };
  function axesOf(
    { products, onlyAxes }: WrongTensor,
    inSmallest: readonly string[],
    inCases: readonly string[],
  ): readonly string[] {
    if (matched !== undefined && matched.mistakes.length > 0)
      return [...new Set(matched.mistakes.flatMap((m) => m.axes))];
    if (matched?.sizes !== undefined)
      return matched.sizes
        .split(/[^A-Z]+/)
        .filter((l) => l !== "")
        .map(axisWord);
    if (onlyAxes?.includes("element") === true) return onlyAxes;
    if (products.axes.length > 0) return products.axes;
    if (inSmallest.length > 0) return inSmallest;
    const rich = failing[failing.length - 1];
    const { axes } = localise(rich.got, rich.expected, letters, tolerance);
    return axes.length > 0 ? axes : (onlyAxes ?? inCases);
  }
}

function spell(
  { matched, tensor, dependsOn, products }: WrongTensor,
  place: string,
): { words: string; cure: string; formula: string; id: string } {
  if (matched === undefined) {
    const also = [dependsOn.length === 0 ? "" : `${tensor} ${dependsOn.join(", ")}`, products.words].filter(
      (t) => t !== "",
    );
    return {
      id: "unknown",
      words: `${tensor} is not ${tensor === "y" ? "what the definition gives" : "the derivative of the forward pass"}, by no mistake of the catalogue: ${[place, ...also].join("; ")}`,
      cure: "Follow one wrong element of the picture by hand: which outputs did it move in the forward pass, and does backward add exactly those?",
      formula: "",
    };
  }
  const { mistakes, factor, sizes } = matched;
  if (sizes !== undefined) {
    const also = sizes.startsWith("−") ? ", and the sign is wrong" : "";
    const named = sizes === "" ? "a factor that changes with the sizes" : `the factor ${sizes}`;
    return {
      id: "factor",
      words: `${tensor} is right up to ${named}: it is divided or multiplied by the wrong size${also}`,
      cure: `Look at what ${tensor} is divided by.`,
      formula: `${tensor} = ⟦${sizes === "" ? "…" : sizes}⟧ · (the right ${tensor})`,
    };
  }
  const scale = factor === undefined ? "" : scaleWords(factor);
  if (mistakes.length === 0) {
    return {
      id: factor === -1 ? "sign" : factor === 0 ? "zero" : "factor",
      words:
        factor === -1
          ? `${tensor} has the wrong sign`
          : factor === 0
            ? `${tensor} is all zeros`
            : `${tensor} is right up to a factor: ${scale}`,
      cure:
        factor === 0
          ? `Fill ${tensor}: it is returned as it was allocated.`
          : `Take the factor out: ${tensor} must be ${factorText(1 / (factor ?? 1))} times what it is.`,
      formula: `${tensor} = ⟦${factorText(factor ?? 1)}⟧ · (the right ${tensor})`,
    };
  }
  const join = (read: (m: Mistake) => string) =>
    mistakes
      .map(read)
      .filter((t) => t !== "")
      .join("; and ");
  return {
    id: mistakes.map((m) => m.id).join(" + "),
    words:
      (mistakes.length > 1 ? "two mistakes at once: " : "") +
      join((m) => m.mistake) +
      (scale === "" ? "" : `; besides, ${scale}`),
    cure: mistakes.map((m) => m.cure).join(" "),
    formula: mistakes
      .map((m) => m.formula)
      .filter((t) => t !== "")
      .join("\n"),
  };
}

function scaleWords(factor: number): string {
  if (factor === -1) return "the sign is wrong";
  return `it comes out ${factorText(factor)} times as large as it should`;
}

/** A call that did not give a usable tensor. */
export function fromFault(fault: Fault, c: Case | undefined, when: string): Finding {
  const mistakes: Readonly<Record<Fault["sort"], readonly [id: string, cure: string]>> = {
    throws: ["throws", "Read the message: most often an index runs outside an array, or a name is misspelt."],
    nothing: ["returns-nothing", "Return the tensor, or { dx, dW, db }."],
    shape: [
      "wrong-shape",
      "A gradient has the shape of what it belongs to; OH = ⌊(H + 2·pad − KH)/stride⌋ + 1.",
    ],
    nan: [
      "not-a-number",
      "Look for a division by 0, log(0), exp of a large number, or an index outside an array (undefined).",
    ],
    promise: ["promise", "Forward and backward are plain functions: no async."],
  };
  const [id, cure] = mistakes[fault.sort];
  return {
    id,
    tensor: fault.tensor,
    mistake: faultWords(fault),
    where: `${fault.phase}, ${when}${c === undefined ? "" : `; smallest failing case ${c.label}`}`,
    cure,
    axes: [],
  };
}

function faultWords(fault: Fault): string {
  const { sort, detail, phase, tensor } = fault;
  if (sort === "shape") return `${detail}: ${phase} gives the wrong shape`;
  if (sort === "nan") return `${detail}: ${phase} gives NaN`;
  if (sort === "nothing") return `${detail}; expected ${tensor}`;
  return detail;
}

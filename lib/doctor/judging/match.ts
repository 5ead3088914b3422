import type { Tensor } from "@gradbook/core";
import { workedNow, workedSince } from "../driving/patience.js";
import type { BackwardInput, Mistake, Operation } from "../operations/operation.js";
import { mistakesOf } from "../operations/operation.js";
import { bestScale, compare } from "./compare.js";

/** The wrong tensor in one case, with what it should be. */
export interface Evidence {
  readonly moment: BackwardInput;
  readonly got: Tensor;
  readonly expected: Tensor;
}

/** What explains all the evidence. */
export interface Match {
  readonly mistakes: readonly Mistake[];
  /** A factor beside them, the same in every case. */
  readonly factor?: number;
  /** A factor made of sizes: `"KH/H"`. */
  readonly sizes?: string;
}

/** Milliseconds of work for the search of pairs. */
const searchBudgetMs = 900;

/**
 * Looks for the mistake that turns every case's right tensor into what the code gave: one of the catalogue, the same up
 * to a factor, a small slip without a name, or two at once.
 */
export function match(
  operation: Operation,
  tensor: string,
  evidence: readonly Evidence[],
  tolerance: number,
): Match | undefined {
  const found = matchAll(operation, tensor, evidence, tolerance);
  if (found !== undefined) return found;
  // an index in a flat array may go astray in its own way where the kernel is not square
  const square = evidence.filter(({ moment: { sizes } }) => sizes.KH === sizes.KW);
  return square.length < evidence.length ? matchAll(operation, tensor, square, tolerance) : undefined;
}

function matchAll(
  operation: Operation,
  tensor: string,
  evidence: readonly Evidence[],
  tolerance: number,
): Match | undefined {
  const named = mistakesOf(operation, tensor);
  const generic = hardest(evidence, tolerance);
  if (generic === undefined) return undefined;
  const ordered = [generic, ...evidence.filter((e) => e !== generic)];
  const explains = (mistakes: readonly Mistake[], variant: number) =>
    holds(operation, tensor, ordered, mistakes, variant, tolerance);

  for (const mistake of named) if (someVariant([mistake], explains)) return { mistakes: [mistake] };
  const explained = operation.explain?.(tensor, evidence);
  if (explained !== undefined) return { mistakes: [explained] };
  const scaled = scaleOnly(ordered, tolerance);
  if (scaled !== undefined) return { mistakes: [], factor: scaled };
  const sizes = scaleBySizes(ordered, tolerance);
  if (sizes !== undefined) return { mistakes: [], sizes };
  for (const mistake of named) {
    const factor = upToScale(operation, tensor, ordered, mistake, tolerance);
    if (factor !== undefined) return { mistakes: [mistake], factor };
  }
  const slips = operation.unnamed(tensor);
  for (const mistake of slips) if (someVariant([mistake], explains)) return { mistakes: [mistake] };
  return pairs(operation, tensor, ordered, [...named, ...slips], named.length, tolerance);
}

/** Two mistakes at once, in the case that is the quickest to compute and still has everything in it. */
function pairs(
  operation: Operation,
  tensor: string,
  evidence: readonly Evidence[],
  all: readonly Mistake[],
  namedCount: number,
  tolerance: number,
): Match | undefined {
  const started = workedNow();
  for (let sum = 1; sum < namedCount + all.length; sum++) {
    for (let a = 0; a < Math.min(sum, namedCount); a++) {
      const b = sum - a;
      if (b <= a || b >= all.length) continue;
      const both = [all[a], all[b]];
      if (workedSince(started) > searchBudgetMs) return undefined;
      const explains = (mistakes: readonly Mistake[], variant: number) =>
        holds(operation, tensor, evidence, mistakes, variant, tolerance);
      if (someVariant(both, explains)) return { mistakes: both };
    }
  }
  return undefined;
}

function someVariant(
  mistakes: readonly Mistake[],
  explains: (m: readonly Mistake[], variant: number) => boolean,
): boolean {
  const ways = mistakes.reduce((product, { twists = [0] }) => product * Math.max(1, twists.length), 1);
  for (let variant = 0; variant < ways; variant++) if (explains(mistakes, variant)) return true;
  return false;
}

/** Whether the mistakes give, in every case, just what the code gave. */
function holds(
  operation: Operation,
  tensor: string,
  evidence: readonly Evidence[],
  mistakes: readonly Mistake[],
  variant: number,
  tolerance: number,
): boolean {
  for (const { moment, got, expected } of evidence) {
    const made = operation.mutant(tensor, moment, mistakes, variant);
    const wanted = made ?? expected.data;
    if (compare(got.data, wanted).error > tolerance) return false;
  }
  return true;
}

function upToScale(
  operation: Operation,
  tensor: string,
  evidence: readonly Evidence[],
  mistake: Mistake,
  tolerance: number,
): number | undefined {
  const ways = mistake.twists?.length ?? 1;
  for (let variant = 0; variant < ways; variant++) {
    let factor: number | undefined;
    const fits = evidence.every(({ moment, got }) => {
      const made = operation.mutant(tensor, moment, [mistake], variant);
      if (made === undefined) return false;
      const { factor: f, rest } = bestScale(made, got.data);
      if (rest > tolerance || f === 0) return false;
      factor ??= f;
      return Math.abs(f - factor) <= 1e-3 * Math.abs(factor);
    });
    if (fits && factor !== undefined) return factor;
  }
  return undefined;
}

/** The right tensor times one factor, the same in every case. */
function scaleOnly(evidence: readonly Evidence[], tolerance: number): number | undefined {
  let factor: number | undefined;
  for (const { got, expected } of evidence) {
    if (expected.data.every((v) => v === 0)) continue;
    const { factor: f, rest } = bestScale(expected.data, got.data);
    if (rest > tolerance && got.data.some((v) => v !== 0)) return undefined;
    factor ??= f;
    if (Math.abs(f - factor) > 1e-3 * Math.max(Math.abs(factor), 1e-9)) return undefined;
  }
  return factor;
}

const letters = ["N", "C", "F", "I", "O", "K", "H", "W", "KH", "KW", "OH", "OW", "SH"];

/** The right tensor times a factor that changes with the case: the quotient of sizes that it is, `""` when it is none. */
function scaleBySizes(evidence: readonly Evidence[], tolerance: number): string | undefined {
  const factors: { factor: number; sizes: BackwardInput["sizes"] }[] = [];
  for (const { got, expected, moment } of evidence) {
    if (expected.data.every((v) => v === 0)) continue;
    const { factor, rest } = bestScale(expected.data, got.data);
    if (rest > tolerance || factor === 0) return undefined;
    factors.push({ factor, sizes: moment.sizes });
  }
  if (factors.some(({ factor }) => factor < 0) && factors.some(({ factor }) => factor > 0)) return "";
  // a single element is always some multiple of the right one
  if (factors.length < 3 || evidence.filter((e) => e.expected.size > 1).length < 2) return undefined;
  const known = letters.filter((l) => factors.every(({ sizes }) => sizes[l] !== undefined));
  const products: (readonly string[])[] = [
    [],
    ...known.map((l) => [l]),
    ...known.flatMap((a, i) => known.slice(i).map((b) => [a, b])),
  ];
  const value = (list: readonly string[], sizes: BackwardInput["sizes"]) =>
    list.reduce((p, l) => p * sizes[l], 1);
  for (const above of products)
    for (const below of products) {
      if (above.length + below.length === 0) continue;
      const fits = ({ factor, sizes }: (typeof factors)[number]) =>
        Math.abs(Math.abs(factor) * value(below, sizes) - value(above, sizes)) <= 1e-4 * value(above, sizes);
      if (factors.every(fits)) {
        const over = (factors[0].factor < 0 ? "−" : "") + (above.join("·") || "1");
        return below.length === 0 ? over : `${over}/${below.length > 1 ? `(${below.join("·")})` : below[0]}`;
      }
    }
  return "";
}

/** The failing case with the most different sizes, but not the largest to compute. */
function hardest(evidence: readonly Evidence[], tolerance: number): Evidence | undefined {
  const failing = evidence.filter((e) => compare(e.got.data, e.expected.data).error > tolerance);
  const richness = ({ moment: { sizes } }: Evidence) => Object.values(sizes).filter((n) => n > 1).length;
  const cost = ({ moment: { dy, inputs } }: Evidence) => dy.size * inputs.x.size;
  return failing.sort((a, b) => richness(b) - richness(a) || cost(a) - cost(b))[0];
}

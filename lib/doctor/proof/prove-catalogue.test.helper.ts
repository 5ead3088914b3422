import { Rng, type Tensor } from "@gradbook/core";
import { definitionWith, waysOf } from "../definition-code.test.helper.js";
import { diagnose } from "../diagnose.js";
import { compare } from "../judging/compare.js";
import { examineLayer } from "../judging/examine-layer.js";
import { simulateTraining, stepMistakes, type weightsOf } from "../judging/examine-train-step.js";
import { layerOperations } from "../operations/all.js";
import { im2col } from "../operations/im2col.js";
import { euclidean, softmaxCrossEntropy } from "../operations/losses.js";
import type { Mistake, Operation } from "../operations/operation.js";
import { type Hyper, type OptimizerKind, ruleMistakes, simulate } from "../operations/optimizer-rules.js";
import type { Finding, Verdict } from "../types.js";

/** The operations whose mistakes are held as tensors; dropout's are read off its mask. */
export const operations: readonly Operation[] = [
  ...Object.values(layerOperations).flatMap((list) => list.slice(0, 1)),
  softmaxCrossEntropy,
  euclidean,
  im2col,
].filter((o) => o.kind !== "dropout");

/** What became of one way of making one mistake of the catalogue. */
export interface EntryOutcome {
  readonly operation: string;
  /** Name of the mistake in the catalogue. */
  readonly id: string;
  readonly verdict: Verdict;
  /** Found in its tensor under its name, or under one that stands for the same numbers in every case. */
  readonly named: boolean;
  /** What was found. */
  readonly said: string;
}

/**
 * Every entry of the catalogue, made by our own definition and examined.
 * @param ways each of the ways in which an entry can be made, or one of them
 */
export function proveCatalogue(
  kinds: (kind: string) => boolean = () => true,
  ways: "all" | "one" = "all",
): EntryOutcome[] {
  const variants = (m: Mistake, at: number) =>
    ways === "one" ? [at % waysOf([m])] : Array.from({ length: waysOf([m]) }, (_, variant) => variant);
  return [
    ...operations
      .filter((o) => kinds(o.kind))
      .flatMap((o) => o.mistakes.flatMap((m, at) => layerEntry(o, m, variants(m, at)))),
    ...(Object.keys(ruleMistakes) as OptimizerKind[]).filter(kinds).flatMap(ruleEntries),
    ...(kinds("trainStep") ? stepEntries() : []),
  ];
}

function layerEntry(operation: Operation, mistake: Mistake, variants: readonly number[]): EntryOutcome[] {
  return variants.map((variant) => {
    const code = definitionWith(operation, [mistake], variant);
    const { verdict, findings } = examineLayer(operation.kind, code, () => {});
    const found = findings.find((f) => f.tensor === mistake.tensor);
    const named =
      found !== undefined && (found.id === mistake.id || same(operation, mistake, variant, found.id));
    return outcome(operation.kind, mistake.id, verdict, named, findings);
  });
}

/** A step function of our own rule with the mistake: it keeps the gradients so far and goes over them again. */
function ruleEntries(kind: OptimizerKind): EntryOutcome[] {
  return ruleMistakes[kind].map(({ flag }) => {
    const step = (
      w: Float64Array,
      g: Float64Array,
      state: { start?: number[]; seen?: number[][] },
      options: Hyper,
    ) => {
      state.start ??= Array.from(w);
      state.seen = [...(state.seen ?? []), Array.from(g)];
      const { lr, momentum, rho, beta1, beta2, eps } = options;
      const hyper = { lr, momentum, rho, beta1, beta2, eps };
      const steps = simulate(kind, state.start, state.seen, hyper, new Set([flag]));
      w.set(steps[steps.length - 1]);
    };
    const { verdict, findings } = diagnose({ step }.step, { kind });
    const id = `${kind}/w/${flag}`;
    const named = findings.some((f) => f.id === id || sameRule(kind, flag, f.id));
    return outcome(kind, id, verdict, named, findings);
  });
}

function stepEntries(): EntryOutcome[] {
  return stepMistakes.map(({ flag }) => {
    const weights = simulateTraining(new Set([flag]));
    let at = 0;
    const trainStep = (model: Parameters<typeof weightsOf>[0], x: Tensor) => {
      model.backward(model.forward(x, { training: true, rng: new Rng("student") }));
      let from = 0;
      for (const { parameter } of model.parameters) {
        parameter.value.data.set(weights[at].subarray(from, from + parameter.value.size));
        from += parameter.value.size;
      }
      at++;
    };
    const { verdict, findings } = diagnose({ trainStep });
    const id = `trainStep/w/${flag}`;
    return outcome(
      "trainStep",
      id,
      verdict,
      findings.some((f) => f.id === id),
      findings,
    );
  });
}

function outcome(
  operation: string,
  id: string,
  verdict: Verdict,
  named: boolean,
  findings: readonly Finding[],
): EntryOutcome {
  const said = findings.map((f) => `${f.id}: ${f.mistake}`).join(" | ") || "nothing";
  return { operation, id, verdict, named: named && verdict === "wrong", said };
}

/** Two names for what comes out the same in every case. */
function same(operation: Operation, mistake: Mistake, variant: number, id: string): boolean {
  const other = operation.mistakes.find((m) => m.id === id);
  if (other === undefined) return id.endsWith("/terms") || id === "factor" || id === "sign" || id === "zero";
  const { cases } = operation.cases({ batch: true, channels: true, rect: true, stride: true, pad: true });
  const convention = operation.conventions([])[0];
  return Array.from({ length: waysOf([other]) }, (_, way) => way).some((way) =>
    cases.every((c) => {
      const inputs = operation.draw(c, new Rng(`case/${c.label}`));
      const y = operation.forward(c.sizes, inputs, convention);
      const moment = { sizes: c.sizes, inputs, y, dy: y, convention };
      const [a, b] = [
        operation.mutant(mistake.tensor, moment, [mistake], variant),
        operation.mutant(mistake.tensor, moment, [other], way),
      ];
      return a === undefined || b === undefined ? a === b : compare(a, b).error < 1e-5;
    }),
  );
}

function sameRule(kind: OptimizerKind, flag: string, id: string): boolean {
  const other = ruleMistakes[kind].find((m) => `${kind}/w/${m.flag}` === id);
  if (other === undefined) return false;
  const hyper = { lr: 0.125, momentum: 0.75, rho: 0.8, beta1: 0.7, beta2: 0.95, eps: 0.03125 };
  const run = (name: string) => {
    const gradients = [[1.5], [-0.25], [0.75], [1], [-2]];
    return simulate(kind, [1], gradients, hyper, new Set([name])).flat();
  };
  const [a, b] = [run(flag), run(other.flag)];
  // where both make the weights NaN, nothing but the place can tell them apart
  if (a.some(Number.isNaN)) return a.every((v, i) => Number.isNaN(v) === Number.isNaN(b[i]));
  return compare(a, b).error < 1e-9;
}

import { type GradbookError, inWords, isPromise, ownCodeError, withoutAsync } from "@gradbook/base";
import { Snapshot } from "../tensor/snapshot.js";
import { type FloatArray, mayHoldNaN, Tensor } from "../tensor/tensor.js";
import type { Optimizer } from "./optimizer.js";

/** A parameter that a rule moves. */
export interface RuleTarget {
  readonly name: string;
  readonly parameter: { readonly value: Tensor; readonly grad: Tensor };
}

/**
 * Runs an update rule that is not the library's own, as it is written: it owns the arrays that the rule remembers, checks
 * what the rule does, and takes a step back that the rule does not bring to an end.
 */
export class OwnRule {
  readonly #optimizer: Optimizer;
  readonly #targets: readonly RuleTarget[];

  /** One array for each slot of each parameter, in this order: zero at first. */
  readonly state: readonly FloatArray[];
  readonly #slots: number;
  /** Weights, then the state, before the step. */
  readonly #before: Snapshot;

  constructor(optimizer: Optimizer, targets: readonly RuleTarget[]) {
    this.#optimizer = optimizer;
    this.#targets = targets;

    this.#slots = optimizer.slots ?? 0;
    this.state = targets.flatMap(({ parameter: { value } }) =>
      Array.from({ length: this.#slots }, () => Tensor.zeros(value.shape, value.dtype).data),
    );
    this.#before = new Snapshot([
      ...targets.map(
        ({ parameter }) =>
          () =>
            parameter.value.data,
      ),
      ...this.state.map((values) => () => values),
    ]);
  }

  /**
   * One step on all parameters that may move.
   * @throws GradbookError that names the rule and the parameter, when update is async, returns new weights instead of
   *   changing them, or makes NaN of finite numbers; the parameters and the state are then as they were
   */
  step(isTrainable: (target: number) => boolean, lr: number, t: number): void {
    this.#before.take();
    try {
      for (let i = 0; i < this.#targets.length; i++) if (isTrainable(i)) this.#update(i, lr, t);
    } catch (error) {
      this.#before.restore();
      throw error;
    }
  }

  #update(i: number, lr: number, t: number): void {
    const { value, grad } = this.#targets[i].parameter;
    const slots = this.state.slice(i * this.#slots, (i + 1) * this.#slots);
    const answer: unknown = this.#optimizer.update(value.data, grad.data, slots, lr, t);
    if (isPromise(answer)) throw this.#refused(i, "update returned a Promise", withoutAsync("update"));
    const old = this.#before.at(i);
    const isStill = value.data.every((w, k) => Object.is(w, old[k]));
    if (isStill && isList(answer) && grad.data.some((g) => g !== 0))
      throw this.#refused(
        i,
        `update returned ${inWords(answer)} and left w as it was`,
        "update changes w in place: w[i] -= lr * g[i].",
      );
    const broken = newNaN(value.data, old, grad.data);
    if (broken !== undefined)
      throw this.#refused(
        i,
        `update made NaN of w[${broken}] = ${old[broken]} with g[${broken}] = ${grad.data[broken]} (step ${t})`,
        "Look for 0/0 and the root of a negative number.",
      );
  }

  #refused(i: number, got: string, cure: string): GradbookError {
    return ownCodeError(
      `${this.#optimizer.spec.kind}, ${this.#targets[i].name}`,
      got,
      "w moved in place",
      cure,
    );
  }
}

/** The first weight that is NaN, although the old one and its gradient were finite. */
function newNaN(w: FloatArray, old: FloatArray, g: FloatArray): number | undefined {
  if (!mayHoldNaN(w)) return undefined;
  const first = w.findIndex((v, k) => Number.isNaN(v) && Number.isFinite(old[k]) && Number.isFinite(g[k]));
  return first < 0 ? undefined : first;
}

const isList = (value: unknown): boolean =>
  Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Tensor;

import { configError } from "@gradbook/base";
import { power } from "../../tensor/portable.js";
import {
  add,
  and,
  div,
  type Expr,
  greater,
  i32,
  less,
  load,
  loadSplat,
  max,
  min,
  mul,
  part,
  select,
  sqrt,
  sub,
  vec,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { ClipSpec, OptimizerSpec } from "../spec.js";

/** Floats that one task updates. */
export const UPDATE_CHUNK = 16384;

export interface UpdateKernel {
  /** undefined: the pieces' gradients are added up and nothing else, for a rule that runs elsewhere. */
  readonly spec: OptimizerSpec | undefined;
  /** The floats that are updated, from … to; both multiples of 16. */
  readonly range: UpdateRange;
  /** Weights, gradients and slots are parallel arrays of floats. */
  readonly weights: number;
  readonly gradients: number;
  readonly slots: readonly number[];
  /** The first `shared` floats have a gradient for every piece; that of piece p stands 4·shared·p bytes before. */
  readonly shared: number;
  /** Floats that change from step to step: see `RATES`. */
  readonly rates: number;
  readonly clip?: ClipSpec | undefined;
  /** The pieces' gradients have been added up before. */
  readonly isSummed?: boolean;
}

export interface UpdateRange {
  readonly from: number;
  readonly to: number;
}

export const updateTasks = ({ from, to }: UpdateRange): number => Math.ceil((to - from) / UPDATE_CHUNK);

/** What is written before each step, in this order; the last one, what gradients are multiplied by, within it. */
export const RATES = ["lr", "step", "root", "decay", "scale"] as const;

/** What a rule's kernel works with: four neighbouring parameters. */
interface Part {
  /** The gradient, with the weight decay that is added to it. */
  readonly grad: Expr;
  readonly w: Expr;
  /** Address of a slot's floats. */
  slot(i: number): Expr;
  /** w ← w − by */
  move(by: Expr): void;
  readonly lr: Expr;
  readonly step: Expr;
  readonly root: Expr;
  readonly decay: Expr;
}

/** A kind of update rule, beside the loops of lib/optimizers. */
interface RuleKind<Spec> {
  /** Arrays that it remembers. */
  slots(spec: Spec): number;
  /** Writes those of the other RATES of a step (from 1) that it uses, from `at` on; default: none. */
  rates?(spec: Spec, lr: number, step: number, floats: Float32Array, at: number): void;
  update(k: Kernel, spec: Spec, part: Part): void;
}

/** Every rule that the engine knows. */
const rules: {
  readonly [K in OptimizerSpec["kind"]]: RuleKind<Extract<OptimizerSpec, { readonly kind: K }>>;
} = {
  sgd: {
    slots: ({ momentum }) => (momentum === 0 ? 0 : 1),
    rates({ dampening = 0 }, _lr, step, floats, at) {
      floats[at] = step === 1 ? 1 : 1 - dampening;
    },
    update(k, { momentum, nesterov, dampening }, { grad, slot, move, lr, step }) {
      if (momentum === 0) {
        move(mul(lr, grad));
        return;
      }
      const added = dampening === undefined ? grad : mul(step, grad);
      const v = k.let(add(mul(vec(momentum), load(4, slot(0))), added));
      k.store(slot(0), v);
      move(mul(lr, nesterov ? add(grad, mul(vec(momentum), v)) : v));
    },
  },
  rmsprop: {
    slots: ({ momentum, centered }) => 1 + (momentum === undefined ? 0 : 1) + (centered ? 1 : 0),
    update(k, { rho, eps, epsInside, momentum, centered }, { grad, slot, move, lr }) {
      const s = k.let(add(mul(vec(rho), load(4, slot(0))), mul(mul(vec(1 - rho), grad), grad)));
      k.store(slot(0), s);
      let spread: Expr = s;
      if (centered) {
        const at = slot(momentum === undefined ? 1 : 2);
        const mean = k.let(add(mul(vec(rho), load(4, at)), mul(vec(1 - rho), grad)));
        k.store(at, mean);
        spread = k.let(max(sub(s, mul(mean, mean)), vec(0)));
      }
      const size = epsInside ? sqrt(add(spread, vec(eps))) : add(sqrt(spread), vec(eps));
      if (momentum === undefined) {
        move(div(mul(lr, grad), size));
        return;
      }
      const v = k.let(add(mul(vec(momentum), load(4, slot(1))), div(grad, size)));
      k.store(slot(1), v);
      move(mul(lr, v));
    },
  },
  adadelta: {
    slots: () => 2,
    update(k, { rho, eps }, { grad, slot, move, lr }) {
      const s = k.let(add(mul(vec(rho), load(4, slot(0))), mul(mul(vec(1 - rho), grad), grad)));
      k.store(slot(0), s);
      const before = k.let(load(4, slot(1)));
      const step = k.let(mul(div(sqrt(add(before, vec(eps))), sqrt(add(s, vec(eps)))), grad));
      k.store(slot(1), add(mul(vec(rho), before), mul(mul(vec(1 - rho), step), step)));
      move(mul(lr, step));
    },
  },
  adagrad: {
    slots: () => 1,
    rates({ lrDecay = 0 }, lr, step, floats, at) {
      floats[at] = lr / (1 + (step - 1) * lrDecay);
    },
    update(k, { eps }, { grad, slot, move, step }) {
      const s = k.let(add(load(4, slot(0)), mul(grad, grad)));
      k.store(slot(0), s);
      move(div(mul(step, grad), add(sqrt(s), vec(eps))));
    },
  },
  adam: adamRule(),
  adamw: adamRule(),
};

function adamRule(): RuleKind<Extract<OptimizerSpec, { readonly kind: "adam" | "adamw" }>> {
  return {
    slots: ({ amsgrad }) => (amsgrad ? 3 : 2),
    rates({ beta1, beta2, weightDecay }, lr, step, floats, at) {
      floats[at] = lr / (1 - power(beta1, step));
      floats[at + 1] = Math.sqrt(1 - power(beta2, step));
      floats[at + 2] = lr * weightDecay;
    },
    update(k, { kind, beta1, beta2, eps, amsgrad }, { grad, w, slot, move, step, root, decay }) {
      if (kind === "adamw") k.set(w, sub(w, mul(decay, w)));
      const m = k.let(add(mul(vec(beta1), load(4, slot(0))), mul(vec(1 - beta1), grad)));
      k.store(slot(0), m);
      const s = k.let(add(mul(vec(beta2), load(4, slot(1))), mul(mul(vec(1 - beta2), grad), grad)));
      k.store(slot(1), s);
      let largest: Expr = s;
      if (amsgrad) {
        largest = k.let(max(load(4, slot(2)), s));
        k.store(slot(2), largest);
      }
      move(div(mul(step, m), add(div(sqrt(largest), root), vec(eps))));
    },
  };
}

function ruleOf({ kind }: OptimizerSpec): RuleKind<OptimizerSpec> {
  if (Object.hasOwn(rules, kind)) return rules[kind];
  throw configError("engine, optimizer", `unknown kind ${JSON.stringify(kind)}`);
}

/** Writes the values of RATES for a step, from 1, to `floats` from `first` on. */
export function writeRates(
  spec: OptimizerSpec,
  lr: number,
  step: number,
  floats: Float32Array,
  first: number,
): void {
  floats[first] = lr;
  ruleOf(spec).rates?.(spec, lr, step, floats, first + 1);
}

/** What gradients of this sum of squares are multiplied by, so that their norm is at most `norm`. */
export function scaleTo(norm: number, squares: number): number {
  const size = Math.sqrt(squares);
  return size > norm ? norm / size : 1;
}

/** Arrays that a rule remembers. */
export function slotCount(spec: OptimizerSpec): number {
  return ruleOf(spec).slots(spec);
}

/**
 * One step of the optimizer over a chunk of all parameters, in one pass: the pieces' gradients are added up in the order
 * of the pieces, and the weight moves. The loops of lib/optimizers.
 */
export function updateKernel(p: Program, name: string, o: UpdateKernel): Kernel {
  return p.define(name, 3, (k, task, pieces, _n) => {
    const from = k.let(add(mul(task, 4 * UPDATE_CHUNK), 4 * o.range.from));
    const to = k.let(min(add(from, 4 * UPDATE_CHUNK), i32(4 * o.range.to)));
    const rates = RATES.map((_, i) => k.let(loadSplat(i32(o.rates + 4 * i))));
    // everything behind the shared part has one gradient, whatever the number of pieces
    const parts = o.isSummed ? i32(1) : k.let(select(less(from, 4 * o.shared), pieces, i32(1)));
    k.loop(from, to, 64, (at) => {
      const gradient = k.let(load(16, add(at, o.gradients)));
      if (o.shared > 0 && !o.isSummed) {
        const other = k.let(add(at, o.gradients));
        k.loop(1, parts, 1, () => {
          k.increase(other, -4 * o.shared);
          k.increase(gradient, load(16, other));
        });
      }
      const { spec } = o;
      if (spec === undefined) {
        k.store(add(at, o.gradients), gradient);
        return;
      }
      for (let q = 0; q < 16; q += 4)
        updatePart(k, spec, o, add(at, 4 * q), k.let(part(gradient, q / 4)), rates);
    });
  });
}

function clipped(gradient: Expr, clip: ClipSpec, scale: Expr): Expr {
  return "norm" in clip ? mul(gradient, scale) : max(min(gradient, vec(clip.value)), vec(-clip.value));
}

/** ±size with the sign of w, 0 at 0. */
function sign(w: Expr, size: number): Expr {
  return sub(and(vec(size), greater(w, vec(0))), and(vec(size), less(w, vec(0))));
}

function updatePart(
  k: Kernel,
  spec: OptimizerSpec,
  o: UpdateKernel,
  at: Expr,
  gradient: Expr,
  rates: readonly Expr[],
): void {
  const [lr, step, root, decay] = rates;
  const w = k.let(load(4, add(at, o.weights)));
  const isAdded = spec.weightDecay !== 0 && spec.kind !== "adamw";
  let grad = o.clip === undefined ? gradient : k.let(clipped(gradient, o.clip, rates[4]));
  if (isAdded) grad = k.let(add(grad, mul(vec(spec.weightDecay), w)));
  if (spec.l1 !== undefined) grad = k.let(add(grad, sign(w, spec.l1)));
  ruleOf(spec).update(k, spec, {
    ...{ grad, w, lr, step, root, decay },
    slot: (i) => add(at, o.slots[i]),
    move: (by) => k.store(add(at, o.weights), sub(w, by)),
  });
}

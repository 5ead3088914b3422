import { unknownKind } from "../../errors/error.js";
import { power } from "../../tensor/portable.js";
import {
  add,
  div,
  type Expr,
  i32,
  less,
  load,
  loadSplat,
  min,
  mul,
  part,
  select,
  sqrt,
  sub,
  vec,
} from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import type { OptimizerSpec } from "../spec.js";

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
}

export interface UpdateRange {
  readonly from: number;
  readonly to: number;
}

export const updateTasks = ({ from, to }: UpdateRange): number => Math.ceil((to - from) / UPDATE_CHUNK);

/** What is written before each step, in this order. */
export const RATES = ["lr", "step", "root", "decay"] as const;

/** Writes the values of RATES for a step, from 1, to `floats` from `first` on. */
export function writeRates(
  spec: OptimizerSpec,
  lr: number,
  step: number,
  floats: Float32Array,
  first: number,
): void {
  floats[first] = lr;
  switch (spec.kind) {
    case "sgd":
    case "rmsprop":
    case "adagrad":
      return;
    case "adam":
    case "adamw":
      floats[first + 1] = lr / (1 - power(spec.beta1, step));
      floats[first + 2] = Math.sqrt(1 - power(spec.beta2, step));
      floats[first + 3] = lr * spec.weightDecay;
      return;
    default:
      unknownKind("engine, optimizer", spec);
  }
}

/** Arrays that a rule remembers. */
export function slotCount(spec: OptimizerSpec): number {
  switch (spec.kind) {
    case "sgd":
      return spec.momentum === 0 ? 0 : 1;
    case "rmsprop":
    case "adagrad":
      return 1;
    case "adam":
    case "adamw":
      return 2;
    default:
      return unknownKind("engine, optimizer", spec);
  }
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
    const parts = k.let(select(less(from, 4 * o.shared), pieces, i32(1)));
    k.loop(from, to, 64, (at) => {
      const gradient = k.let(load(16, add(at, o.gradients)));
      if (o.shared > 0) {
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
  const slot = (i: number): Expr => add(at, o.slots[i]);
  const slope =
    spec.weightDecay === 0 || spec.kind === "adamw"
      ? gradient
      : k.let(add(gradient, mul(vec(spec.weightDecay), w)));
  const move = (by: Expr): void => k.store(add(at, o.weights), sub(w, by));
  switch (spec.kind) {
    case "sgd": {
      if (spec.momentum === 0) {
        move(mul(lr, slope));
        return;
      }
      const v = k.let(add(mul(vec(spec.momentum), load(4, slot(0))), slope));
      k.store(slot(0), v);
      move(mul(lr, spec.nesterov ? add(slope, mul(vec(spec.momentum), v)) : v));
      break;
    }
    case "rmsprop": {
      const s = k.let(add(mul(vec(spec.rho), load(4, slot(0))), mul(mul(vec(1 - spec.rho), slope), slope)));
      k.store(slot(0), s);
      const size = spec.epsInside ? sqrt(add(s, vec(spec.eps))) : add(sqrt(s), vec(spec.eps));
      move(div(mul(lr, slope), size));
      break;
    }
    case "adagrad": {
      const s = k.let(add(load(4, slot(0)), mul(slope, slope)));
      k.store(slot(0), s);
      move(div(mul(lr, slope), add(sqrt(s), vec(spec.eps))));
      break;
    }
    case "adam":
    case "adamw": {
      if (spec.kind === "adamw") k.set(w, sub(w, mul(decay, w)));
      const m = k.let(add(mul(vec(spec.beta1), load(4, slot(0))), mul(vec(1 - spec.beta1), slope)));
      k.store(slot(0), m);
      const s = k.let(
        add(mul(vec(spec.beta2), load(4, slot(1))), mul(mul(vec(1 - spec.beta2), slope), slope)),
      );
      k.store(slot(1), s);
      move(div(mul(step, m), add(div(sqrt(s), root), vec(spec.eps))));
      break;
    }
    default:
      unknownKind("engine, optimizer", spec);
  }
}

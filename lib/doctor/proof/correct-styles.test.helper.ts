import type { Rng } from "@gradbook/core";
import { type Raw, type Student, students } from "./students.test.helper.js";

/** A correct layer in one person's style: its exports, and the source as a title. */
export interface Written {
  readonly title: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

type Real = Float64ArrayConstructor | Float32ArrayConstructor;

/** Forward and backward on plain tensors: what every style below is a dress of. */
interface Core {
  forward(t: Readonly<Record<string, Raw>>, n: Readonly<Record<string, number>>): Raw;
  backward(
    t: Readonly<Record<string, Raw>>,
    n: Readonly<Record<string, number>>,
  ): Readonly<Record<string, Raw>>;
}

/** A correct convolution, linear layer, pooling, batch norm, activation or loss in a random style. */
export function writeCorrect(rng: Rng): Written {
  const real: Real = rng.int(2) === 0 ? Float64Array : Float32Array;
  const student = students[rng.int(students.length)];
  if (student.name === "conv2d" || student.name === "linear") return dressed(student, real, rng);
  const precision = real === Float32Array ? "float32" : "float64";
  return {
    title: `${student.name}, ${precision}, as it is`,
    exports: { ...student.make(student.loops, real) },
  };
}

const spellings: Readonly<Record<string, readonly string[]>> = {
  x: ["x", "input", "X", "inp", "images"],
  W: ["W", "w", "weight", "weights", "kernel4d", "filters"],
  b: ["b", "bias", "biases"],
  dy: ["dy", "dout", "gradOutput", "grad_out", "dOut", "upstream", "dL_dy"],
  stride: ["stride", "strides", "s"],
  pad: ["pad", "padding", "zeroPad"],
};

const answers: readonly (readonly [string, string, string])[] = [
  ["dx", "dW", "db"],
  ["gradInput", "gradW", "gradB"],
  ["dx", "dw", "db"],
  ["grad_input", "grad_weight", "grad_bias"],
  ["dInput", "dWeights", "dBiases"],
];

/** The same sums under other names, in another order, in other forms. */
function dressed(student: Student, real: Real, rng: Rng): Written {
  const core = coreOf(student, real);
  const pick = <T>(list: readonly T[]): T => list[rng.int(list.length)];
  const name = Object.fromEntries(Object.keys(spellings).map((role) => [role, pick(spellings[role])]));
  if (name.W === "kernel4d") name.W = "weight";
  const form = pick(["nested", "record"] as const);
  const layout = pick(layouts[student.name]);
  const numbers = student.name === "conv2d" ? ["stride", "pad"] : [];
  const put = (raw: Raw, letters: readonly number[]) =>
    form === "nested" ? nest(turned(raw, letters)) : turned(raw, letters);
  const take = (value: unknown, letters: readonly number[]) =>
    turned(form === "nested" ? unnest(value, real) : asRaw(value, real), inverse(letters));
  const same = (rank: number) => Array.from({ length: rank }, (_, axis) => axis);
  const rank = student.name === "conv2d" ? 4 : 2;
  const read = (role: string, value: unknown) =>
    take(value, role === "W" ? layout : same(role === "b" ? 1 : rank));
  const write = (role: string, raw: Raw) => put(raw, role === "W" ? layout : same(role === "b" ? 1 : rank));
  const keys = pick(answers);
  const asArray = rng.int(3) === 0;
  const forwardRoles = ["x", "W", "b", ...numbers];
  const backwardRoles = pick([
    ["dy", "x", "W", ...numbers],
    ["x", "dy", "W", ...numbers],
    ["dy", "x", "W", "b", ...numbers],
  ]);
  const evaluate = (roles: readonly string[], values: readonly unknown[]) => {
    const tensors: Record<string, Raw> = {};
    const sizes: Record<string, number> = { stride: 1, pad: 0 };
    for (const [at, role] of roles.entries()) {
      if (role === "stride" || role === "pad") sizes[role] = Number(values[at]);
      else tensors[role] = read(role, values[at]);
    }
    return { tensors, sizes };
  };
  const forward = (...values: unknown[]) => {
    const { tensors, sizes } = evaluate(forwardRoles, values);
    return write("y", core.forward(tensors, sizes));
  };
  const backward = (...values: unknown[]) => {
    const { tensors, sizes } = evaluate(backwardRoles, values);
    const g = core.backward(tensors, sizes);
    const parts = [write("x", g.dx), write("W", g.dW), write("b", g.db)];
    return asArray ? parts : Object.fromEntries(parts.map((part, i) => [keys[i], part]));
  };
  // only the names in the parameter lists are seen by the doctor, so they are written out as source
  const wrap = (roles: readonly string[], fn: (...values: unknown[]) => unknown) => {
    const list = roles.map((role) => name[role]).join(", ");
    const hint = form === "nested" ? "/* rows: */ [][0].length;" : "/* tensors */ ({}).data;";
    return new Function("run", `return function (${list}) { if (false) { ${hint} } return run(${list}); }`)(
      fn,
    ) as unknown;
  };
  const stem =
    student.name === "conv2d"
      ? pick(["conv2d", "conv", "convolution2d"])
      : pick(["linear", "dense", "affine", "fully_connected"]);
  const [f, g] = pick([
    ["_forward", "_backward"],
    ["Forward", "Backward"],
    ["_fwd", "_bwd"],
  ]);
  return {
    title: `${stem}, ${form}, W ${layout.join("")}, ${backwardRoles.map((role) => name[role]).join(", ")}, ${real.name}`,
    exports: { [stem + f]: wrap(forwardRoles, forward), [stem + g]: wrap(backwardRoles, backward) },
  };
}

const layouts: Readonly<Record<string, readonly (readonly number[])[]>> = {
  conv2d: [
    [0, 1, 2, 3],
    [0, 1, 2, 3],
    [1, 0, 2, 3],
    [2, 3, 1, 0],
  ],
  linear: [
    [0, 1],
    [1, 0],
  ],
};

function coreOf(student: Student, real: Real): Core {
  const made: Record<string, unknown> = { ...student.make(student.loops, real) };
  const forward = made[`${student.name}_forward`];
  const backward = made[`${student.name}_backward`];
  if (typeof forward !== "function" || typeof backward !== "function") throw new Error(student.name);
  const convolution = student.name === "conv2d";
  return {
    forward: ({ x, W, b }, { stride, pad }) => forward(x, W, b, ...(convolution ? [stride, pad] : [])) as Raw,
    backward: ({ x, W, dy }, { stride, pad }) =>
      (convolution ? backward(x, dy, W, stride, pad) : backward(dy, x, W)) as Record<string, Raw>,
  };
}

/** Axis k of the result is axis order[k] of the given tensor. */
function turned(raw: Raw, order: readonly number[]): Raw {
  if (order.length !== raw.shape.length || order.every((axis, k) => axis === k)) return raw;
  const shape = order.map((axis) => raw.shape[axis]);
  const data = raw.data.slice();
  const steps = raw.shape.map((_, axis) => raw.shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  for (let at = 0; at < data.length; at++) {
    let rest = at;
    let from = 0;
    for (let k = shape.length - 1; k >= 0; k--) {
      from += (rest % shape[k]) * steps[order[k]];
      rest = Math.floor(rest / shape[k]);
    }
    data[at] = raw.data[from];
  }
  return { shape, data };
}

function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

function nest({ shape, data }: Raw): unknown {
  let at = 0;
  const build = (axis: number): unknown =>
    axis === shape.length ? data[at++] : Array.from({ length: shape[axis] }, () => build(axis + 1));
  return build(0);
}

function unnest(value: unknown, real: Real): Raw {
  const shape: number[] = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  return { shape, data: new real((value as number[]).flat(Number.POSITIVE_INFINITY)) };
}

function asRaw(value: unknown, real: Real): Raw {
  const { shape, data } = value as Raw;
  return { shape, data: new real(data) };
}

/**
 * The vocabulary of kernels: values.
 *
 * A vector has any multiple of four lanes, usually sixteen. What a lane computes depends on no other lane except in
 * shuffles and sums, whose order is written out; so a renderer may cut a vector into registers of whatever size the
 * machine has and the bits stay the same. In WebAssembly a part is a v128: four lanes.
 */
export type Type = "i32" | "f32" | "f64" | "vec";

export interface Expr {
  readonly op: string;
  readonly type: Type;
  /** Lanes of a vector; 1 for scalars. A vector of four lanes beside a longer one is repeated. */
  readonly lanes: number;
  readonly args: readonly Expr[];
  /** Constant, local's index, byte offset of a load, shift distance: whatever the operation needs beside its arguments. */
  readonly value: number;
  /** Lanes that a shuffle picks out of its two arguments' parts. */
  readonly pick?: readonly number[];
}

/** A value, or a number that becomes a constant of the type of its neighbour. */
export type Operand = Expr | number;

function node(op: string, type: Type, lanes: number, args: readonly Expr[], value = 0): Expr {
  return { op, type, lanes, args, value };
}

export function constant(type: Type, value: number): Expr {
  return node("const", type, type === "vec" ? 4 : 1, [], value);
}

export const i32 = (value: number): Expr => constant("i32", value);
export const f32 = (value: number): Expr => constant("f32", value);
export const f64 = (value: number): Expr => constant("f64", value);
/** The same float in every lane. */
export const vec = (value: number): Expr => constant("vec", value);
/** The same 32-bit pattern in every lane. */
export const vecBits = (value: number): Expr => node("constBits", "vec", 4, [], value);
/** Four lanes, one by one, as 32-bit patterns. */
export const vecOf = (lanes: readonly [number, number, number, number]): Expr => ({
  ...node("constLanes", "vec", 4, []),
  pick: lanes,
});

export function local(type: Type, lanes: number, index: number): Expr {
  return node("local", type, lanes, [], index);
}

function lift(a: Operand, like: Operand): Expr {
  if (typeof a !== "number") return a;
  return constant(typeof like === "number" ? "i32" : like.type, a);
}

function binary(op: string, a: Operand, b: Operand): Expr {
  const left = lift(a, b);
  const right = lift(b, a);
  return node(op, left.type, Math.max(left.lanes, right.lanes), [left, right]);
}

const isConst = (e: Expr): boolean => e.op === "const";

/** a + b; sums of integer constants are made here, so that addresses fold into the offset of a load. */
export function add(a: Operand, b: Operand): Expr {
  const [x, y] = [lift(a, b), lift(b, a)];
  if (x.type === "i32") {
    if (isConst(x) && isConst(y)) return i32(x.value + y.value);
    if (isConst(x)) return add(y, x);
    if (isConst(y) && y.value === 0) return x;
    if (isConst(y) && x.op === "add" && isConst(x.args[1])) return add(x.args[0], x.args[1].value + y.value);
  }
  return binary("add", x, y);
}

export function sub(a: Operand, b: Operand): Expr {
  const y = lift(b, a);
  if (y.type === "i32" && isConst(y)) return add(a, -y.value);
  return binary("sub", a, y);
}

export function mul(a: Operand, b: Operand): Expr {
  const [x, y] = [lift(a, b), lift(b, a)];
  if (x.type === "i32") {
    if (isConst(x) && isConst(y)) return i32(x.value * y.value);
    if (isConst(x)) return mul(y, x);
    if (isConst(y) && y.value === 1) return x;
    if (isConst(y) && y.value === 0) return i32(0);
  }
  return binary("mul", x, y);
}

export const div = (a: Operand, b: Operand): Expr => binary("div", a, b);
/** Remainder of whole numbers ≥ 0. */
export const rem = (a: Operand, b: Operand): Expr => binary("rem", a, b);
/** a < b ? b : a, so a NaN on the left stays; of integers the signed maximum. */
export const max = (a: Operand, b: Operand): Expr => extreme("max", a, b);
/** b < a ? b : a */
export const min = (a: Operand, b: Operand): Expr => extreme("min", a, b);

function extreme(op: "min" | "max", a: Operand, b: Operand): Expr {
  const [x, y] = [lift(a, b), lift(b, a)];
  if (x.type === "vec") return binary(op, x, y);
  return select(op === "max" ? less(x, y) : less(y, x), y, x);
}

export const sqrt = (a: Expr): Expr => node("sqrt", a.type, a.lanes, [a]);
export const neg = (a: Expr): Expr => node("neg", a.type, a.lanes, [a]);
export const abs = (a: Expr): Expr => node("abs", a.type, a.lanes, [a]);
export const floor = (a: Expr): Expr => node("floor", a.type, a.lanes, [a]);
/** The nearest whole number, halves to the even one. */
export const nearest = (a: Expr): Expr => node("nearest", a.type, a.lanes, [a]);

/** Comparisons: 0 or 1 for scalars, all bits of a lane for vectors. */
export const less = (a: Operand, b: Operand): Expr => compare("less", a, b);
export const lessEqual = (a: Operand, b: Operand): Expr => compare("lessEqual", a, b);
export const greater = (a: Operand, b: Operand): Expr => compare("greater", a, b);
export const greaterEqual = (a: Operand, b: Operand): Expr => compare("greaterEqual", a, b);
export const notEqual = (a: Operand, b: Operand): Expr => compare("notEqual", a, b);
export const equal = (a: Operand, b: Operand): Expr => compare("equal", a, b);

function compare(op: string, a: Operand, b: Operand): Expr {
  const [x, y] = [lift(a, b), lift(b, a)];
  // the name carries what is compared, because the result is an integer
  if (x.type !== "vec") return node(`${op}.${x.type}`, "i32", 1, [x, y]);
  return node(op, "vec", Math.max(x.lanes, y.lanes), [x, y]);
}

/** condition ? a : b; by lane for vectors. */
export function select(condition: Expr, a: Operand, b: Operand): Expr {
  const [x, y] = [lift(a, b), lift(b, a)];
  return node("select", x.type, Math.max(x.lanes, y.lanes, condition.lanes), [x, y, condition]);
}

/** Bits of vectors or integers. */
export const and = (a: Operand, b: Operand): Expr => binary("and", a, b);
export const or = (a: Operand, b: Operand): Expr => binary("or", a, b);
export const xor = (a: Operand, b: Operand): Expr => binary("xor", a, b);

/** 32-bit integers in the lanes of a vector. */
export const addInts = (a: Expr, b: Expr): Expr => binary("addInts", a, b);
export const subInts = (a: Expr, b: Expr): Expr => binary("subInts", a, b);
export const mulInts = (a: Expr, b: Expr): Expr => binary("mulInts", a, b);
export const equalInts = (a: Expr, b: Expr): Expr => binary("equalInts", a, b);
/** a ≥ b, both read without sign. */
export const aboveEqualInts = (a: Expr, b: Expr): Expr => binary("aboveEqualInts", a, b);
export const shiftLeftInts = (a: Expr, by: number): Expr =>
  node("shiftLeftInts", "vec", a.lanes, [a, i32(by)]);
export const shiftRightInts = (a: Expr, by: number): Expr =>
  node("shiftRightInts", "vec", a.lanes, [a, i32(by)]);
/** Floats to whole numbers towards 0, and back. */
export const toInts = (a: Expr): Expr => node("toInts", "vec", a.lanes, [a]);
export const fromInts = (a: Expr): Expr => node("fromInts", "vec", a.lanes, [a]);

export const shiftLeft = (a: Expr, by: number): Expr => binary("shiftLeft", a, by);
/** f32 ↔ f64, i32 → f32, i32 → f64. */
export const toF64 = (a: Expr): Expr => node(`f64.${a.type}`, "f64", 1, [a]);
export const toF32 = (a: Expr): Expr => node(`f32.${a.type}`, "f32", 1, [a]);

/** A scalar from memory; addresses and offsets in bytes. */
export function loadScalar(type: "i32" | "f32" | "f64", address: Expr): Expr {
  return memory("load", type, 1, address);
}

/** `lanes` neighbouring floats. */
export const load = (lanes: number, address: Expr): Expr => memory("load", "vec", lanes, address);

/** One float from memory in every lane. */
export const loadSplat = (address: Expr): Expr => memory("loadSplat", "vec", 4, address);

/**
 * A constant that was added to the address moves into the instruction, where the sum does not wrap: what it was added to
 * must itself be an address, not a negative distance.
 */
function memory(op: string, type: Type, lanes: number, address: Expr): Expr {
  const [base, offset] = splitAddress(address);
  return node(op, type, lanes, [base], offset);
}

export function splitAddress(address: Expr): [base: Expr, offset: number] {
  if (address.op === "add" && isConst(address.args[1]) && address.args[1].value >= 0)
    return [address.args[0], address.args[1].value];
  if (isConst(address)) return [i32(0), address.value];
  return [address, 0];
}

/** A scalar in every lane. */
export const splat = (a: Expr): Expr => node(a.type === "i32" ? "splatInt" : "splat", "vec", 4, [a]);

/** Four of a vector's lanes: 4·index … 4·index + 3. */
export const part = (a: Expr, index: number): Expr => node("part", "vec", 4, [a], index);

/** One lane as a float. */
export const lane = (a: Expr, index: number): Expr =>
  node("lane", "f32", 1, [part(a, Math.floor(index / 4))], index % 4);
/** One lane as an integer. */
export const laneInt = (a: Expr, index: number): Expr =>
  node("laneInt", "i32", 1, [part(a, Math.floor(index / 4))], index % 4);

/** Four lanes picked from eight: 0–3 are a's, 4–7 are b's. */
export function shuffle(a: Expr, b: Expr, pick: readonly [number, number, number, number]): Expr {
  return { ...node("shuffle", "vec", 4, [a, b]), pick };
}

/** Parts put one after another to a longer vector. */
export function concat(parts: readonly Expr[]): Expr {
  return parts.length === 1
    ? parts[0]
    : node(
        "concat",
        "vec",
        parts.reduce((sum, p) => sum + p.lanes, 0),
        parts,
      );
}

/** Lanes 0, 2, 4 …; half as many. */
export const evens = (a: Expr): Expr => halve(a, [0, 2, 4, 6]);
/** Lanes 1, 3, 5 …; half as many. */
export const odds = (a: Expr): Expr => halve(a, [1, 3, 5, 7]);

function halve(a: Expr, pick: readonly [number, number, number, number]): Expr {
  return concat(
    Array.from({ length: Math.ceil(a.lanes / 8) }, (_, i) =>
      shuffle(part(a, 2 * i), part(a, Math.min(2 * i + 1, a.lanes / 4 - 1)), pick),
    ),
  );
}

/** Each lane twice: 0, 0, 1, 1, 2, 2 … */
export function twice(a: Expr): Expr {
  return concat(
    Array.from({ length: a.lanes / 4 }, (_, i) => part(a, i)).flatMap((p) => [
      shuffle(p, p, [0, 0, 1, 1]),
      shuffle(p, p, [2, 2, 3, 3]),
    ]),
  );
}

/**
 * The sums of four vectors of four lanes, as one vector; each is (x₀ + x₂) + (x₁ + x₃). The one order of all sums over
 * lanes.
 */
export function sumRows(a: Expr, b: Expr, c: Expr, d: Expr): Expr {
  const ab = add(shuffle(a, b, [0, 4, 1, 5]), shuffle(a, b, [2, 6, 3, 7]));
  const cd = add(shuffle(c, d, [0, 4, 1, 5]), shuffle(c, d, [2, 6, 3, 7]));
  return add(shuffle(ab, cd, [0, 1, 4, 5]), shuffle(ab, cd, [2, 3, 6, 7]));
}

/** A vector's parts added up to one of four lanes: ((p₀ + p₁) + p₂) + … */
export function sumParts(a: Expr): Expr {
  let sum = part(a, 0);
  for (let i = 1; i < a.lanes / 4; i++) sum = add(sum, part(a, i));
  return sum;
}

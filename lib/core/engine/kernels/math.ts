import {
  abs,
  add,
  addInts,
  and,
  div,
  type Expr,
  less,
  max,
  min,
  mul,
  nearest,
  neg,
  or,
  select,
  shiftLeftInts,
  sub,
  toInts,
  vec,
  vecBits,
} from "../render/expr.js";
import type { Kernel } from "../render/program.js";

/** ln 2 in two parts; the first has 9 zero bits at its end, so that its product with a whole number below 512 is exact. */
const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444005469057e-4;

/** Coefficients of e^r = 1 + r + r²·(…) on |r| ≤ ln 2 / 2, highest power first (the minimax polynomial of Cephes). */
const EXP_POLYNOMIAL = [
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
];

/**
 * e^x in every lane, for −87 ≤ x ≤ 88.37, beyond that the value at the border (1.6e−38, 2.4e38). e^x = 2^k · e^r with k = ⌊x/ln 2⌉; 2^k is k put
 * into the exponent bits. Only + − × and whole numbers: the same bits everywhere, within 2 units in the last place.
 */
export function exp(k: Kernel, x: Expr): Expr {
  const { rest, scale } = expParts(k, x);
  return k.let(mul(k.let(add(rest, vec(1))), scale));
}

/** e^x − 1 in every lane, for the same x: 2^k · (e^r − 1) + (2^k − 1), in which nothing cancels near 0. */
export function expMinusOne(k: Kernel, x: Expr): Expr {
  const { rest, scale } = expParts(k, x);
  return k.let(add(mul(rest, scale), sub(scale, vec(1))));
}

/** e^x = (1 + rest) · scale: e^r − 1 and 2^k. */
function expParts(k: Kernel, x: Expr): { rest: Expr; scale: Expr } {
  const bounded = k.let(min(max(x, vec(-87)), vec(88.37)));
  const whole = k.let(nearest(mul(bounded, vec(Math.LOG2E))));
  const r = k.let(sub(sub(bounded, mul(whole, vec(LN2_HIGH))), mul(whole, vec(LN2_LOW))));
  let polynomial: Expr = vec(EXP_POLYNOMIAL[0]);
  for (const c of EXP_POLYNOMIAL.slice(1)) polynomial = k.let(add(mul(polynomial, r), vec(c)));
  const rest = k.let(add(mul(mul(polynomial, r), r), r));
  return { rest, scale: k.let(shiftLeftInts(addInts(toInts(whole), vecBits(127)), 23)) };
}

/** 1/(1 + e^{−x}) */
export function sigmoid(k: Kernel, x: Expr): Expr {
  return k.let(div(vec(1), add(vec(1), exp(k, neg(x)))));
}

/** log(1 + e) = 2·(s + s³/3 + s⁵/5 + …) with s = e/(2 + e), for 0 ≤ e ≤ 1, where s ≤ ⅓: the tenth term is below a rounding. */
export function logOnePlus(k: Kernel, e: Expr): Expr {
  const s = k.let(div(e, add(e, vec(2))));
  const square = k.let(mul(s, s));
  let sum: Expr = vec(1 / 19);
  for (let n = 17; n >= 3; n -= 2) sum = k.let(add(mul(sum, square), vec(1 / n)));
  return k.let(add(mul(mul(add(s, s), square), sum), add(s, s)));
}

/** tanh x = x + x·x²·P(x²) near 0, where the other form would cancel. */
const TANH_POLYNOMIAL = [
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
];

/** tanh |x| = 1 − 2/(e^{2|x|} + 1), the sign put back; a polynomial for |x| < 0.625. */
export function tanh(k: Kernel, x: Expr): Expr {
  const size = k.let(abs(x));
  const square = k.let(mul(x, x));
  let polynomial: Expr = vec(TANH_POLYNOMIAL[0]);
  for (const c of TANH_POLYNOMIAL.slice(1)) polynomial = k.let(add(mul(polynomial, square), vec(c)));
  const near = k.let(add(x, mul(mul(x, square), polynomial)));
  const far = k.let(sub(vec(1), div(vec(2), add(exp(k, add(size, size)), vec(1)))));
  const signed = or(far, and(x, vecBits(-2147483648)));
  return k.let(select(less(size, vec(0.625)), near, signed));
}

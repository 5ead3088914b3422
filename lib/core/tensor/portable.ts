/**
 * exp, log and tanh built of + − × ÷ alone: IEEE 754 fixes those bit for bit, but leaves Math.exp and its kin to each
 * JavaScript engine. Same input → same bits on every machine; within 2 units in the last place of the true value.
 */

/** 2^k for k = −1074 … 1023, each exact (made by doubling and halving). */
const powersOfTwo = (() => {
  const table = new Float64Array(1074 + 1024);
  table[1074] = 1;
  for (let k = 1; k < 1024; k++) table[1074 + k] = table[1074 + k - 1] * 2;
  for (let k = 1; k <= 1074; k++) table[1074 - k] = table[1074 - k + 1] / 2;
  return table;
})();

/** ln 2 in two parts: the high one has 32 zero bits at its end, so that k·high is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** e^x. exp(x) = 2^k · exp(r) with r = x − k·ln 2, |r| ≤ ln 2 / 2, and the Taylor series of exp(r) to degree 13. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019412) return 0;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let sum = 1;
  for (let n = 13; n >= 1; n--) sum = 1 + (r / n) * sum;
  return k > 1023
    ? sum * powersOfTwo[1074 + 1023] * 2
    : k < -1022
      ? sum * powersOfTwo[1074 - 1022] * powersOfTwo[1074 + k + 1022]
      : sum * powersOfTwo[1074 + k];
}

const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm. x = m·2^e with m in [√½, √2); log m = 2·(s + s³/3 + s⁵/5 + …) with s = (m − 1)/(m + 1). */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  // a subnormal number has no leading bit: lift it into the normal range first
  const lifted = x < 2.2250738585072014e-308;
  bits.setFloat64(0, lifted ? x * 18014398509481984 : x);
  let e = ((bits.getUint32(0) >>> 20) & 0x7ff) - 1023 - (lifted ? 54 : 0);
  bits.setUint32(0, (bits.getUint32(0) & 0xfffff) | (1023 << 20));
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    e += 1;
  }
  const s = (m - 1) / (m + 1);
  const ss = s * s;
  let sum = 0;
  for (let n = 23; n >= 3; n -= 2) sum = ss * (1 / n + sum);
  return e * LN2_HIGH + (2 * s + (2 * s * sum + e * LN2_LOW));
}

/** e^x − 1, without the cancellation near 0 (Kahan): the rounding of e^x is measured by its logarithm, and taken back. */
export function expm1(x: number): number {
  const e = exp(x);
  if (e === 1) return x;
  const difference = e - 1;
  return difference === -1 || e === Number.POSITIVE_INFINITY ? difference : (difference * x) / log(e);
}

/** log(1 + x), without the rounding of 1 + x (Kahan). */
export function log1p(x: number): number {
  const sum = 1 + x;
  return sum === 1 || sum === Number.POSITIVE_INFINITY ? x : (log(sum) * x) / (sum - 1);
}

/** Hyperbolic tangent: a continued fraction near 0, where 1 − 2/(e^{2x} + 1) would cancel; that form elsewhere. */
export function tanh(x: number): number {
  const a = Math.abs(x);
  if (a > 22) return x > 0 ? 1 : -1;
  if (a < 1) {
    const xx = x * x;
    let fraction = 23;
    for (let odd = 21; odd >= 3; odd -= 2) fraction = odd + xx / fraction;
    const t = xx / fraction;
    // x/(1 + t), written as a small correction of x: only the last subtraction rounds in the last place
    return x - (x * t) / (1 + t);
  }
  const y = 1 - 2 / (exp(2 * a) + 1);
  return x < 0 ? -y : y;
}

/** 1/(1 + e^{−x}), without overflow at either end. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x));
  const e = exp(x);
  return e / (1 + e);
}

/** base^t for a whole t ≥ 0 by squaring: `**` may differ between machines, products do not. */
export function power(base: number, t: number): number {
  let result = 1;
  let square = base;
  for (let rest = t; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}

/** cos(πx) for 0 ≤ x ≤ 1: Taylor series of cosine up to ¼, of sine around ½, and the other half mirrored. */
export function cosPi(x: number): number {
  if (x > 0.5) return -cosPi(1 - x);
  const isSine = x > 0.25;
  const angle = Math.PI * (isSine ? 0.5 - x : x);
  let sum = 1;
  for (let n = isSine ? 17 : 16; n >= 2; n -= 2) sum = 1 - (angle * angle * sum) / (n * (n - 1));
  return isSine ? angle * sum : sum;
}

import { and, type Expr, select, vec, vecOf } from "../render/expr.js";

function mask(count: number): Expr {
  const bits = (i: number) => (i < count ? -1 : 0);
  return vecOf([bits(0), bits(1), bits(2), bits(3)]);
}

/** The first `count` of four lanes; 0 in the others. */
export function firstLanes(a: Expr, count: number): Expr {
  return count === 4 ? a : and(a, mask(count));
}

/** The first `count` of four lanes, and a constant in the others. */
export function lanesOr(a: Expr, count: number, other: number): Expr {
  return count === 4 ? a : select(mask(count), a, vec(other));
}

import { sizeOf } from "../tensor/shape.js";
import { add, type Expr, mul } from "./render/expr.js";

/**
 * Where one sample's values stand: element (c, h, w) at float `origin + c·plane + h·row + w`. What lies between is 0 and
 * stays 0: the pad that a convolution reads beyond the border.
 */
export interface Layout {
  readonly C: number;
  readonly H: number;
  readonly W: number;
  readonly origin: number;
  readonly row: number;
  readonly plane: number;
  /** Floats that one sample takes. */
  readonly size: number;
}

/**
 * Without gaps, as flatten, linear layers and data sets have it. A shape of one axis is one row of features, one of two axes
 * channels of one row each.
 */
export function denseLayout(shape: readonly number[]): Layout {
  const [C, H, W] = asImage(shape);
  return { C, H, W, origin: 0, row: W, plane: H * W, size: spreadRow(C * H * W) };
}

function asImage(shape: readonly number[]): readonly number[] {
  if (shape.length === 3) return shape;
  return shape.length === 2 ? [shape[0], 1, shape[1]] : [1, 1, sizeOf(shape)];
}

/**
 * Floats from one row of a matrix to the next: whole vectors, and no multiple of 1 kB, because then the elements of a
 * column would fall into a few sets of the cache and push each other out.
 */
export function spreadRow(columns: number): number {
  const row = roundUp(columns, 4);
  return row % 256 === 0 ? row + 16 : row;
}

/**
 * With `pad` zero rows above and below and `pad` zero columns between the rows: the columns right of one row are those
 * left of the next one. Behind the last row 16 floats may be read by a vector that starts inside.
 */
export function paddedLayout([C, H, W]: readonly number[], [padH, padW]: readonly [number, number]): Layout {
  const row = roundUp(W + padW, 4);
  const plane = (H + 2 * padH) * row + roundUp(padW, 4);
  return { C, H, W, origin: padH * row + padW, row, plane, size: roundUp(C * plane + 16, 16) };
}

export const isDense = (l: Layout): boolean => l.row === l.W && l.plane === l.H * l.W && l.origin === 0;

/** Samples one behind another in memory. */
export interface Buffer {
  /** Byte address of sample 0. */
  readonly address: number;
  readonly layout: Layout;
}

/** Values of one sample, whatever their shape. */
export const features = ({ layout: { C, H, W } }: Buffer): number => C * H * W;

/** Byte address of the first element of sample n. */
export function sampleAt({ address, layout }: Buffer, n: Expr): Expr {
  return add(mul(n, 4 * layout.size), address + 4 * layout.origin);
}

export function sameLayout(a: Layout, b: Layout): boolean {
  return (
    a.C === b.C &&
    a.H === b.H &&
    a.W === b.W &&
    a.origin === b.origin &&
    a.row === b.row &&
    a.plane === b.plane
  );
}

/** Features as channels of one pixel each. */
export function asChannels({ address, layout }: Buffer): Buffer {
  const C = layout.C * layout.H * layout.W;
  return { address, layout: { C, H: 1, W: 1, origin: 0, row: 1, plane: 1, size: layout.size } };
}

export const MEBIBYTE = 1048576;

/** Hands out places in a memory, one behind another, all aligned to a cache line. */
export class Arena {
  private used: number;

  /** The first 64 bytes stay 0: kernels read a word there that must be 0 (`Kernel.unit`). */
  constructor(start = 64) {
    this.used = roundUp(Math.max(start, 64), 64);
  }

  get bytes(): number {
    return this.used;
  }

  /** @returns the byte address of `floats` new floats */
  floats(floats: number): number {
    const address = this.used;
    this.used = roundUp(this.used + 4 * floats, 64);
    return address;
  }

  buffer(layout: Layout, samples: number): Buffer {
    // a vector that starts in the last sample may read 16 floats beyond it
    return { address: this.floats(layout.size * samples + 16), layout };
  }
}

export function roundUp(n: number, multiple: number): number {
  return Math.ceil(n / multiple) * multiple;
}

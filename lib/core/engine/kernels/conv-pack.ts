import { add, and, i32, less, lessEqual, loadScalar, mul } from "../render/expr.js";
import type { Kernel, Program } from "../render/program.js";
import { blocks, type ConvWeights } from "./conv-tile.js";

/** Channels of a block: their pixels under a few rows of the image stay in the first-level cache. */
const CHANNEL_BLOCK = 32;

export interface ConvPack {
  /** Byte address of the first weight that is used, and how they stand. */
  readonly from: number;
  readonly weights: ConvWeights;
  readonly to: number;
  /** F output channels, C input channels: of the gradient's convolution the other way round. */
  readonly F: number;
  readonly C: number;
  readonly KH: number;
  readonly KW: number;
}

export const packedFloats = ({ F, C, KH, KW }: Pick<ConvPack, "F" | "C" | "KH" | "KW">): number =>
  4 * Math.ceil(F / 4) * C * KH * KW;

/** The order in which a convolution of many channels reads its weights: [⌈F/4⌉][⌈C/32⌉][KH][KW][32][4]. */
export const packedWeights: ConvWeights = {
  filter: 4,
  row: 0,
  tap: 0,
  channel: 16,
  channelBlock: CHANNEL_BLOCK,
};

export const convPackTasks = (packs: readonly ConvPack[]): number =>
  Math.max(...packs.map(({ F }) => Math.ceil(F / 4)));

/** Copies weights into the packed order, four filters a task; every task does its share of each pack. */
export function convPack(p: Program, name: string, packs: readonly ConvPack[]): Kernel {
  return p.define(name, 3, (k, task) => {
    for (const { from, weights, to, F, C, KH, KW } of packs) {
      const out = k.let(add(mul(task, 16 * C * KH * KW), to));
      for (const filters of blocks(F, 4)) {
        const filter = k.let(mul(task, 4));
        k.when(and(lessEqual(i32(filters.from), filter), less(filter, i32(filters.to))), () => {
          const first = k.let(add(mul(task, 4 * weights.filter), from));
          for (const channels of blocks(C, CHANNEL_BLOCK))
            k.loop(channels.from, channels.to, channels.step, (c0) => {
              k.loop(0, KH, 1, (u) => {
                k.loop(0, KW, 1, (v) => {
                  const tap = add(mul(u, weights.row), mul(v, weights.tap));
                  const at = k.let(add(add(first, mul(c0, weights.channel)), tap));
                  k.loop(0, channels.step, 1, () => {
                    for (let f = 0; f < filters.step; f++)
                      k.store(add(out, 4 * f), loadScalar("f32", k.let(add(at, f * weights.filter))));
                    k.increase(out, 16);
                    k.increase(at, weights.channel);
                  });
                });
              });
            });
        });
      }
    }
  });
}

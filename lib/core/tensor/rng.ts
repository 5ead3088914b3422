import { assertList, configError, count, readOption, valueInWords } from "@gradbook/base";
import { log } from "./portable.js";

/**
 * Seeded random numbers with named sub-streams (xoshiro128**, Blackman & Vigna 2018): the same bits on every machine.
 *
 * `rng.fork("shuffle")` depends only on the seed and the names on the way, never on how much was drawn before:
 * a new consumer cannot disturb the others.
 *
 * @throws GradbookError when the seed is not a whole number or a string
 *
 * @example
 * ```ts
 * import { Rng } from "gradbook";
 *
 * const rng = new Rng(1);
 * console.log(rng.fork("shuffle").permutation(5).join()); // 3,2,0,4,1
 * console.log(rng.fork("init").normal().toFixed(4)); // -0.5250
 * ```
 */
export class Rng {
  /** Seed and names of the forks, joined by `/`: all that the stream depends on. */
  readonly key: string;
  private readonly state: Uint32Array;

  /** @param seed a whole number or a string */
  constructor(seed: number | string) {
    if (typeof seed !== "string" && !Number.isSafeInteger(seed))
      throw configError("Rng", valueInWords("seed", seed), "a whole number or a string");
    this.key = String(seed);
    this.state = seedState(this.key);
  }

  /** An independent stream, e.g. `rng.fork("init").fork("conv1.weight")`. */
  fork(name: string | number): Rng {
    if (typeof name !== "string" && typeof name !== "number")
      throw configError("Rng.fork", valueInWords("name", name), "a string or a number");
    return new Rng(`${this.key}/${name}`);
  }

  /** 32 random bits, as an unsigned integer. */
  bits(): number {
    const s = this.state;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const high = this.bits() >>> 5;
    const low = this.bits() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /**
   * Uniform whole number in 0 … n − 1, without the bias of a plain remainder.
   * @throws GradbookError when n is not a whole number from 1 to 2³²
   */
  int(n: number): number {
    if (!(Number.isInteger(n) && n > 0 && n <= 4294967296)) {
      throw configError("Rng.int", valueInWords("n", n), "a whole number from 1 to 2³²");
    }
    const limit = 4294967296 - (4294967296 % n);
    for (;;) {
      const bits = this.bits();
      if (bits < limit) return bits % n;
    }
  }

  /** Standard normal (Marsaglia's polar method: only a logarithm and a root, both portable). */
  normal(): number {
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * log(s)) / s);
    }
  }

  /** Fisher–Yates shuffle, in place. */
  shuffle<
    T extends {
      [index: number]: number;
      /** How many there are. */
      readonly length: number;
    },
  >(values: T): T {
    assertList("Rng.shuffle", "values", values);
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = values[i];
      values[i] = values[j];
      values[j] = kept;
    }
    return values;
  }

  /** The numbers 0 … n − 1 in random order. */
  permutation(n: number): Uint32Array {
    readOption("Rng.permutation", "n", count(0), n);
    return this.shuffle(Uint32Array.from({ length: n }, (_, i) => i));
  }

  /** `Rng(1/shuffle)`: the stream by its key, not its state. */
  toString(): string {
    return `Rng(${this.key})`;
  }
}

/** A hash of 32 bits in which every bit depends on every bit (the finalizer of MurmurHash3, Appleby). */
export function mixBits(h: number): number {
  let z = h | 0;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return (z ^ (z >>> 16)) >>> 0;
}

/** Four well-mixed words from a text: FNV-1a over its UTF-16 units, then SplitMix32 steps. */
function seedState(key: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  // a second hash over the reverse: two keys that collide in one word do not collide in the other
  let reverse = 0x9747b28c;
  for (let i = key.length - 1; i >= 0; i--) reverse = Math.imul(reverse ^ key.charCodeAt(i), 0x5bd1e995);
  const state = new Uint32Array(4);
  for (let word = 0; word < 4; word++) {
    let z = (word % 2 === 0 ? hash : reverse) + Math.imul(word + 1, 0x9e3779b9);
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    state[word] = z ^ (z >>> 16);
  }
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}

import { Tensor } from "gradbook";

/** Park–Miller's generator, as in tests/reference/make_tsne.py: products stay below 2⁵³. */
function* stream(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 16807) % 2147483647;
    yield state / 2147483647;
  }
}

/** Uniform numbers in ±scale/2: [rows, columns]. */
export function filled(rows: number, columns: number, seed: number, scale: number): Tensor {
  const numbers = stream(seed);
  return new Tensor(
    [rows, columns],
    Float64Array.from({ length: rows * columns }, () => (numbers.next().value - 0.5) * scale),
  );
}

/** Sample i belongs to class i mod classes; the last feature is dead: [n, features]. */
export function clusters(n: number, features: number, classes: number, seed: number): Tensor {
  const centres = filled(classes, features, seed, 2);
  const x = filled(n, features, seed + 1, 1.5);
  for (let k = 0; k < x.size; k++) {
    const [i, f] = [Math.floor(k / features), k % features];
    x.data[k] = f === features - 1 ? 0 : x.data[k] + centres.at(i % classes, f);
  }
  return x;
}

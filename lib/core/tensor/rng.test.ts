import assert from "node:assert/strict";
import { test } from "node:test";
import { Rng } from "./rng.js";

test("Rng: pinned numbers, so that no change of ours moves anybody's results unseen", () => {
  const rng = new Rng(1);
  assert.deepEqual([rng.bits(), rng.bits(), rng.bits()], [2718636990, 1505228599, 3179894171]);
  assert.equal(new Rng("a").fork("b").key, "a/b");
});

test("Rng.fork depends on names alone, not on what was drawn before", () => {
  const fresh = new Rng(5).fork("shuffle").bits();
  const used = new Rng(5);
  for (let i = 0; i < 10; i++) used.uniform();
  assert.equal(used.fork("shuffle").bits(), fresh);
  assert.notEqual(used.fork("init").bits(), fresh);
});

test("Rng.uniform lies in [0, 1) with mean ½ and variance 1/12; normal has mean 0 and variance 1", () => {
  const rng = new Rng("moments");
  const moments = (draw: () => number) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 100000; i++) {
      const v = draw();
      sum += v;
      squares += v * v;
    }
    return [sum / 100000, squares / 100000 - (sum / 100000) * (sum / 100000)];
  };
  const [mean, variance] = moments(() => rng.uniform());
  assert.ok(Math.abs(mean - 0.5) < 0.004 && Math.abs(variance - 1 / 12) < 0.002, `${mean} ${variance}`);
  const [centre, spread] = moments(() => rng.normal());
  assert.ok(Math.abs(centre) < 0.012 && Math.abs(spread - 1) < 0.02, `${centre} ${spread}`);
});

test("Rng.int is uniform: 60,000 throws of a die within 4 standard deviations", () => {
  const rng = new Rng("die");
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 60000; i++) counts[rng.int(6)]++;
  for (const count of counts)
    assert.ok(Math.abs(count - 10000) < 4 * Math.sqrt(60000 * (1 / 6) * (5 / 6)), `${counts}`);
});

test("Rng.permutation holds every number once, in another order for another seed", () => {
  const order = new Rng(3).permutation(100);
  assert.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.notDeepEqual(order, new Rng(4).permutation(100));
});

test("Rng: neighbouring seeds share no numbers", () => {
  const seen = new Set<number>();
  for (let seed = 0; seed < 1000; seed++) seen.add(new Rng(seed).bits());
  assert.ok(seen.size >= 999, `${seen.size} different first draws`);
});

test("Rng refuses a seed that is not a whole number, and int(0)", () => {
  assert.throws(() => new Rng(0.5), /Rng: seed is 0.5, expected a whole number or a string/);
  assert.throws(() => new Rng(1).int(0), /Rng.int: n is 0, expected a whole number from 1/);
});

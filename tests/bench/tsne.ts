import { klDivergence, Rng, trustworthiness } from "gradbook";
import { type Bench, median } from "./bench.js";
import type { Job } from "./job.js";
import type { Lineup } from "./systems.js";

/** A map of 1,000 iterations: how long it took and how good it is. */
export interface TsneRow {
  readonly samples: number;
  readonly system: string;
  readonly seconds: number;
  /** From the paper's affinities, by gradbook's own `klDivergence` for every system. */
  readonly kl: number;
  readonly trustworthiness: number;
}

const PERPLEXITY = 30;
const ITERATIONS = 1000;
const FEATURES = 49;

const contenders = [
  { system: "gradbook", peer: "gradbook", method: "gradbook", most: 2000 },
  { system: "scikit-learn Barnes–Hut", peer: "scikit-learn", method: "barnes_hut", most: 2000 },
  { system: "scikit-learn exact", peer: "scikit-learn", method: "exact", most: 1000 },
  { system: "tsne-js", peer: "gradbook", method: "tsne-js", most: 500 },
] as const;

/** @param quick only 500 samples, and without tsne-js, which takes most of a minute */
export async function measureTsne(bench: Bench, { commands }: Lineup, quick: boolean): Promise<TsneRow[]> {
  const rows: TsneRow[] = [];
  for (const samples of quick ? [500] : [500, 1000, 2000]) {
    const features = bottleneck(samples);
    for (const { system, peer, method, most } of contenders) {
      if (samples > most || commands[peer] === undefined || (quick && method === "tsne-js")) continue;
      const job: Job = { workload: "TSNE", features, perplexity: PERPLEXITY, iterations: ITERATIONS, method };
      const { found, reason } = await bench.repeat(peer, job, method === "tsne-js" ? 1 : undefined);
      if (found.length === 0) {
        console.log(`  t-SNE of ${samples}, ${system}: ${reason}`);
        continue;
      }
      const points = found[0].points ?? [];
      rows.push({
        samples,
        system,
        seconds: Number(median(found.map(({ took = 0 }) => took)).toPrecision(3)),
        kl: Number(klDivergence(features, points, { perplexity: PERPLEXITY }).toPrecision(4)),
        trustworthiness: Number(trustworthiness(features, points).toPrecision(4)),
      });
    }
  }
  return rows;
}

/** What the 49 hidden units of hw4 look like: ten classes, values from 0, a quarter of the units dead. */
function bottleneck(samples: number): number[][] {
  const rng = new Rng("bottleneck");
  const centres = Array.from({ length: 10 }, () => Array.from({ length: FEATURES }, () => 2 * rng.normal()));
  return Array.from({ length: samples }, (_, i) =>
    centres[i % 10].map((centre, f) => (f % 4 === 3 ? 0 : Math.max(0, centre + 1.2 * rng.normal()))),
  );
}

import { Rng } from "@gradbook/core";
import {
  type BackwardWay,
  backwardWays,
  followsDy,
  type Gradient,
  gradientsOf,
  isNamedAfter,
} from "./backward.js";
import type { Call, Caller, Place } from "./call.js";
import { type Derivative, derivative } from "./derivative.js";
import type { Situation } from "./settings.js";

/** One gradient beside the derivative of the code's own forward, in one situation. */
export interface Judged {
  readonly place: Place;
  readonly derivative: Derivative;
  /** The gradient that was held against it; undefined: none has its size. */
  readonly got: Float64Array | undefined;
  readonly index: number;
  readonly agrees: boolean;
  /** There is no doubt that it is this place's. */
  readonly certain: boolean;
  readonly error: number;
  /** It is the derivative but for what people mean by a gradient besides, in words. */
  readonly meant?: "divided by the batch" | "with a decay of the weights" | "clipped";
}

/** A forward call with the derivative by everything that moves it. */
export interface Measured {
  readonly situation: Situation;
  readonly places: readonly Place[];
  readonly call: Call;
  readonly dy: Float64Array;
  readonly derivatives: readonly { readonly place: Place; readonly derivative: Derivative }[];
  readonly single: boolean;
}

/** @throws whatever the code throws */
export function measure(caller: Caller, situation: Situation): Measured {
  const { setting } = situation;
  const places = caller.places(setting);
  const call = caller.run(setting, places);
  const size = call.y.data.length;
  const rng = new Rng(setting.seed).fork("dy");
  const dy = Float64Array.from({ length: size }, () =>
    call.y.shape.length === 0 ? 1 : (rng.uniform() < 0.5 ? -1 : 1) * (0.3 + rng.uniform()),
  );
  const single =
    call.y.data.every((v) => v === Math.fround(v)) && call.y.data.some((v) => !Number.isInteger(v * 64));
  const derivatives = places
    .filter(({ real }) => real)
    .map((place) => ({
      place,
      derivative: derivative(caller, setting, places, place, dy, single),
    }));
  return { situation, places, call, dy, derivatives, single };
}

/** Holds the gradients of one way to call backward against the derivatives. */
export function judge(caller: Caller, measured: Measured, way: BackwardWay): Judged[] {
  const { situation, places, dy, derivatives, single } = measured;
  const call = caller.run(situation.setting, places);
  const found = gradientsOf(caller, call, way, dy).map((g) => (way.derivative ? scaled(g, dy) : g));
  const limit = single ? 2e-2 : 1e-5;
  const given = derivatives.filter(({ place }) => typeof place.at === "number");
  return derivatives.map(({ place, derivative: d }) => {
    const isFirst = place === derivatives[0]?.place;
    const fits = found.flatMap((g, index) =>
      g.data.length === place.values.length
        ? [
            {
              g,
              index,
              error: errorOf(g.data, d),
              named: g.name !== "" && isNamedAfter(g.name, place, isFirst),
            },
          ]
        : [],
    );
    const right = fits
      .filter(({ error }) => error <= limit)
      .sort((a, b) => Number(b.named) - Number(a.named))[0];
    const sure = (f: (typeof fits)[number]) =>
      f.named ||
      (f.g.name === "" && f.g.position === undefined && isFirst) ||
      (f.g.name === "" &&
        f.g.position === given.findIndex((other) => other.place === place) &&
        f.g.count === given.length);
    // a gradient that bears the name decides, whatever else happens to have these numbers
    const named = fits.find((f) => f.named);
    const chosen = right ?? named ?? fits.find(sure);
    if (chosen === undefined)
      return {
        place,
        derivative: d,
        got: undefined,
        index: -1,
        agrees: false,
        certain: false,
        error: Number.NaN,
      };
    return {
      place,
      derivative: d,
      got: chosen.g.data,
      index: chosen.index,
      agrees: chosen.error <= limit,
      certain: sure(chosen) && isJudgeable(d),
      error: chosen.error,
    };
  });
}

function scaled(gradient: Gradient, dy: Float64Array): Gradient {
  return gradient.data.length === dy.length
    ? { ...gradient, data: gradient.data.map((v, i) => v * dy[i]) }
    : gradient;
}

/** Most elements have a derivative, and not all of them are 0. */
function isJudgeable({ smooth, values }: Derivative): boolean {
  const smoothOnes = values.filter((_, k) => smooth[k]);
  return smoothOnes.length * 2 >= values.length && smoothOnes.some((v) => Math.abs(v) > 1e-7);
}

/** Largest difference at elements that have a derivative, relative to the largest of both. */
export function errorOf(got: Float64Array, { elements, values, smooth }: Derivative): number {
  let worst = 0;
  let scale = 1e-9;
  for (const [k, i] of elements.entries()) {
    if (!smooth[k]) continue;
    worst = Math.max(worst, Math.abs(got[i] - values[k]));
    scale = Math.max(scale, Math.abs(got[i]), Math.abs(values[k]));
  }
  return worst / scale;
}

/** The way to call backward under which most gradients agree, and how many those are. */
export function bestWay(
  caller: Caller,
  measured: Measured,
): { way: BackwardWay; agreeing: number; judged: Judged[] } | undefined {
  let best: { way: BackwardWay; agreeing: number; judged: Judged[] } | undefined;
  for (const way of backwardWays(caller, measured.call)) {
    let judged: Judged[];
    try {
      judged = judge(caller, measured, way);
    } catch {
      continue;
    }
    const agreeing = judged.filter((j) => j.agrees && isJudgeable(j.derivative)).length;
    const usable = judged.some(({ got }) => got !== undefined);
    if (usable && (best === undefined || agreeing > best.agreeing)) best = { way, agreeing, judged };
    if (best !== undefined && best.agreeing === judged.length) break;
  }
  return best;
}

/** Nothing agrees: whether it is at least certain that backward was given what it asks for. */
export function isProvenCall(
  caller: Caller,
  measured: Measured,
  way: BackwardWay,
  judged: readonly Judged[],
): boolean {
  const { situation, places, dy, call } = measured;
  const candidate = judged.find(({ certain, got }) => certain && got !== undefined);
  if (candidate === undefined || !way.certain) return false;
  const isLoss = call.y.shape.length === 0 && call.y.data.length === 1;
  if (isLoss || way.derivative || way.given.length === 0) return true;
  return followsDy(
    caller,
    situation.setting,
    places,
    way,
    dy,
    candidate.index,
    measured.single ? 1e-4 : 1e-9,
  );
}

import { Tensor } from "@gradbook/core";
import { type Decoded, decode, encode, writeBack } from "../reading/decode.js";
import { fieldsOf } from "../reading/fields.js";
import { plainName, rolesOf } from "../reading/roles.js";
import type { Callable } from "../types.js";
import { type Call, type Caller, numbers, type Place, type Setting } from "./call.js";

/** What a parameter of backward is given. */
type Given =
  | "dy"
  | "cache"
  | "y"
  | "none"
  | { readonly argument: number }
  | { readonly buffer: number }
  | { readonly rest: string };

/** A way to call backward. */
export interface BackwardWay {
  readonly given: readonly Given[];
  /** It gives dy/dx of each element, without dy: a derivative, not a backward pass. */
  readonly derivative: boolean;
  /** Every parameter's name says what it is. */
  readonly certain: boolean;
}

/** Numbers that may be a gradient. */
export interface Gradient {
  /** Key or field under which they came; `""` for the returned value itself. */
  readonly name: string;
  /** Position in a returned list. */
  readonly position: number | undefined;
  readonly count: number;
  readonly data: Float64Array;
}

/** Ways to call backward, the most plausible first. */
export function backwardWays(caller: Caller, call: Call): BackwardWay[] {
  const { backwardParams, forwardParams } = caller.free;
  const isLoss = call.y.data.length === 1 && call.y.shape.length === 0;
  if (backwardParams === undefined) return [{ given: [], derivative: false, certain: true }];
  const params = backwardParams.filter(({ rest }) => !rest);
  // who names dy means a backward pass, and by x the x
  const hasDy = params.some(({ name }) => rolesOf(name)[0] === "dy");
  const options = params.map(({ name, keys, optional }): Given[] => {
    const roles = rolesOf(name);
    const same = forwardParams.findIndex((p) => p.name === name && name !== "");
    const found: Given[] = [];
    if (keys !== undefined && !(keys.includes("data") && keys.length <= 2)) found.push("cache");
    const owner = forwardParams.findIndex(
      (p) => p.name !== "" && gradientOf(p.name).includes(plainName(name)),
    );
    if (owner >= 0 && owner < caller.way.arguments.length) found.push({ buffer: owner });
    if (same >= 0 && roles[0] !== "dy") found.push({ argument: same });
    if (roles.includes("dy") || keys?.includes("data") === true) found.push("dy");
    if (same >= 0 && roles[0] === "dy") found.push({ argument: same });
    if (roles.includes("cache")) found.push("cache");
    for (const [key] of call.rest) if (key === name) found.push({ rest: key });
    if (roles.includes("y")) found.push("y");
    if (roles.includes("x") && same < 0) found.push({ argument: 0 });
    if (roles.includes("labels") && same < 0 && forwardParams.length > 1) found.push({ argument: 1 });
    if (optional) found.push("none");
    if (found.length === 0 || (found.length === 1 && !(hasDy && same >= 0)))
      found.push("dy", "cache", "y", ...forwardParams.map((_, argument) => ({ argument })));
    return found.filter((g, i) => found.findIndex((h) => JSON.stringify(h) === JSON.stringify(g)) === i);
  });
  const ways: BackwardWay[] = [];
  const walk = (at: number, given: Given[], cost: number): void => {
    if (ways.length >= 80) return;
    if (at === params.length) {
      const dys = given.filter((g) => g === "dy").length;
      if (dys > 1) return;
      ways.push({
        given,
        derivative: dys === 0 && !isLoss && given.length > 0 && !hasDy,
        certain: cost === 0,
      });
      return;
    }
    for (const [rank, g] of options[at].entries()) walk(at + 1, [...given, g], cost + rank);
  };
  walk(0, [], 0);
  return ways;
}

/**
 * Calls backward after a forward call.
 * @throws whatever the code throws
 */
export function gradientsOf(caller: Caller, call: Call, way: BackwardWay, dy: Float64Array): Gradient[] {
  const { free } = caller;
  const before = call.self === undefined ? new Map<string, Decoded>() : fieldMap(call.self);
  const given = way.given.map((g) => givenValue(g, call, dy));
  if (!way.given.includes("dy")) presetGradient(call.rawY, dy);
  const { backward } = free;
  const pullback =
    backward === undefined ? call.rest.find(([, value]) => typeof value === "function") : undefined;
  if (backward === undefined && pullback === undefined) return besideLoss(call);
  const returned =
    backward === undefined
      ? Reflect.apply(pullback?.[1] as Callable, undefined, [asY(call, dy)])
      : backward(call.self, given);
  if (returned instanceof Promise) throw new TypeError("backward returns a promise");
  const found = inReturned(returned);
  const handedIn = way.given.flatMap((g, i): Gradient[] => {
    if (typeof g !== "object" || !("buffer" in g)) return [];
    const data = numbers(given[i])?.data;
    const [name] = gradientOf(free.forwardParams[g.buffer].name);
    return data === undefined ? [] : [{ name, position: undefined, count: 0, data }];
  });
  const changed = [...handedIn, ...call.args.flatMap((arg, i): Gradient[] => inVolume(arg, i))];
  if (call.self === undefined) return [...found, ...changed];
  const fields = Array.from(fieldMap(call.self))
    .filter(([path, { data }]) => {
      const old = before.get(path);
      return isGradientName(path) || old === undefined || old.data.some((v, i) => v !== data[i]);
    })
    .map(([path, { data }]) => ({ name: path, position: undefined, count: 0, data }));
  return [...found, ...changed, ...fields];
}

/** What came beside a loss: by name, or in the order of the inputs. */
function besideLoss({ rest }: Call): Gradient[] {
  const listed = rest.filter(([key, value]) => /^\d+$/.test(key) && numbers(value) !== undefined);
  return inRecord(Object.fromEntries(rest)).map((gradient) => {
    const position = listed.findIndex(([key]) => key === gradient.name);
    if (position < 0) return gradient;
    return {
      ...gradient,
      name: "",
      position: listed.length === 1 ? undefined : position,
      count: listed.length,
    };
  });
}

/** A volume has room for the gradient by it: `A.dw`, which backward reads. */
function presetGradient(rawY: unknown, dy: Float64Array): void {
  if (typeof rawY !== "object" || rawY === null || Array.isArray(rawY)) return;
  for (const [key, value] of Object.entries(rawY))
    if (/^(dw|d|grad|dv|dout|diff|gradient)$/.test(key) && decode(value)?.data.length === dy.length)
      writeBack(value, dy);
}

const isGradientName = (path: string): boolean => /grad|delta|^d[A-Za-z]|\.d[A-Za-z]/.test(path);

function fieldMap(self: object): Map<string, Decoded> {
  return new Map(fieldsOf(self).map(({ path, decoded }) => [path.join("."), decoded]));
}

function givenValue(given: Given, call: Call, dy: Float64Array): unknown {
  if (given === "none") return undefined;
  if (given === "y") return call.rawY;
  if (given === "dy") return asY(call, dy);
  if (given === "cache") return cacheOf(call);
  if ("argument" in given) return call.args[given.argument];
  if ("buffer" in given) return zerosLike(call.args[given.buffer]);
  return call.rest.find(([key]) => key === given.rest)?.[1];
}

/** What was kept of the forward call: what came beside the output, or all that came. */
function cacheOf({ rest, raw }: Call): unknown {
  const named = rest.find(([key]) => /cache|ctx|saved|state|mem/i.test(key));
  if (named !== undefined) return named[1];
  return rest.length === 1 ? rest[0][1] : raw;
}

/** dy in the form that the output has. */
function asY({ rawY, y }: Call, dy: Float64Array): unknown {
  if (typeof rawY === "number") return dy[0];
  const tensor = new Tensor(y.shape.length === 0 ? [1] : y.shape, Float64Array.from(dy));
  if (y.form === "flat" || y.form === "typed" || y.form === "nested") return encode(tensor, y.form);
  return copyWith(rawY, tensor);
}

/** An object like the output, of its class, with other numbers. */
function copyWith(value: unknown, tensor: Tensor): unknown {
  if (value instanceof Tensor) return tensor;
  const copy: unknown = Object.create(Object.getPrototypeOf(value));
  const numbersIn = ["data", "values", "w", "_data", "buffer"].find(
    (key) => decode(Reflect.get(Object(value), key)) !== undefined,
  );
  for (const [key, inner] of Object.entries(Object(value))) {
    const own =
      key !== numbersIn
        ? Array.isArray(inner) || ArrayBuffer.isView(inner)
          ? (inner as unknown as { slice(): unknown }).slice()
          : inner
        : Array.isArray(inner)
          ? Array.isArray(inner[0])
            ? tensor.toNested()
            : Array.from(tensor.data)
          : Float64Array.from(tensor.data);
    Reflect.set(Object(copy), key, own);
  }
  return copy;
}

function inReturned(returned: unknown): Gradient[] {
  const whole = numbers(returned);
  const parts: Gradient[] =
    Array.isArray(returned) && returned.length <= 8
      ? returned.flatMap((part, position) => {
          const found = numbers(part);
          return found === undefined
            ? []
            : [{ name: "", position, count: returned.length, data: found.data }];
        })
      : [];
  const single = whole === undefined ? [] : [{ name: "", position: undefined, count: 1, data: whole.data }];
  const isRecord =
    typeof returned === "object" && returned !== null && !Array.isArray(returned) && whole === undefined;
  return [...single, ...parts, ...(isRecord ? inRecord(returned) : [])];
}

function inRecord(record: object, depth = 0): Gradient[] {
  const entries = record instanceof Map ? [...record] : Object.entries(record);
  return entries.flatMap(([key, value]): Gradient[] => {
    const found = numbers(value);
    if (found !== undefined) return [{ name: String(key), position: undefined, count: 0, data: found.data }];
    return typeof value === "object" && value !== null && depth < 2 ? inRecord(value, depth + 1) : [];
  });
}

/** A gradient kept beside the numbers: `v.dw`, `t.grad`. */
function inVolume(argument: unknown, position: number): Gradient[] {
  if (typeof argument !== "object" || argument === null || Array.isArray(argument)) return [];
  return Object.entries(argument).flatMap(([key, value]) => {
    const found = /^(d|grad|g|dw|diff)/i.test(key) ? numbers(value) : undefined;
    return found === undefined
      ? []
      : [{ name: `argument ${position}`, position: undefined, count: 0, data: found.data }];
  });
}

/** What the gradient by something of this name is called. */
function gradientOf(name: string): string[] {
  const plain = plainName(name);
  const before = ["d", "grad", "g", "dl", "delta", "gradient", "grads"];
  const behind = ["grad", "gradient", "grads", "diff", "delta"];
  return [...before.map((word) => word + plain), ...behind.map((word) => plain + word), `d${plain}s`];
}

function zerosLike(value: unknown): unknown {
  const copy: unknown = structuredClone(value);
  const size = decode(copy)?.data.length ?? 0;
  writeBack(copy, new Float64Array(size));
  return copy;
}

/** Whether a gradient is called after what it belongs to. */
export function isNamedAfter(gradient: string, place: Place, isFirst: boolean): boolean {
  const last = plainName(gradient.split(".").at(-1) ?? "");
  const path = plainName(gradient.replace(/\./g, ""));
  if (typeof place.at === "number" && gradient === `argument ${place.at}`) return true;
  const name = plainName(place.name);
  const spelled = gradientOf(place.name);
  if (spelled.includes(last) || spelled.includes(path)) return true;
  if (/grad|^d$|delta/.test(path) && path !== last && last === name) return true;
  return (
    isFirst &&
    /^(dx|dinputs?|gradinput|inputgrad|dlogits|dpred|dscores|dz|grad|gradient|dinput|dprev|daprev)$/.test(
      last,
    )
  );
}

/** Whether what backward gives follows dy along a straight line: then it is dy that it was given. */
export function followsDy(
  caller: Caller,
  setting: Setting,
  places: readonly Place[],
  way: BackwardWay,
  dy: Float64Array,
  index: number,
  tolerance: number,
): boolean {
  const [one, two, three] = [1, 2, 3].map((k) => {
    const call = caller.run(setting, places);
    const scaled = dy.map((v) => k * v);
    return gradientsOf(caller, call, way, scaled)[index]?.data;
  });
  if (one === undefined || two?.length !== one.length || three?.length !== one.length) return false;
  const steps = Array.from(one, (v, i) => [two[i] - v, three[i] - two[i]]);
  return (
    steps.some(([a]) => Math.abs(a) > tolerance) &&
    steps.every(([a, b]) => Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))
  );
}

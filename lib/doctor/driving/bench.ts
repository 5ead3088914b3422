import type { Operation } from "../operations/operation.js";
import { encode, type Form } from "../reading/decode.js";
import type { OwnTensor } from "../reading/own-tensor.js";
import { type Role, rolesOf } from "../reading/roles.js";
import type { Case, Values } from "../types.js";
import { type Arrangements, arranged } from "./arrange.js";
import { randomSource } from "./random-source.js";

/** How the examined code is called. */
export interface Plan {
  readonly form: Form;
  readonly arrangements: Arrangements;
  /** Makes tensors of the code's own class, for the form "own". */
  readonly own?: OwnTensor;
  /** How a bias (or γ, β) is given; by default as all others. */
  readonly vectors?: "flat" | "row" | "column" | "scalar";
  /** The kernel as `[KH, KW]`. */
  readonly pairs?: boolean;
}

/** Values of one forward and backward call, by the role that they play. */
export class CallArguments {
  readonly operation: Operation;
  readonly c: Case;
  readonly plan: Plan;
  readonly inputs: Values;
  readonly numbers: Readonly<Record<string, number>>;
  readonly training: boolean;

  readonly #given = new Map<string, unknown>();
  readonly random;

  constructor(
    operation: Operation,
    c: Case,
    plan: Plan,
    inputs: Values,
    numbers: Readonly<Record<string, number>>,
    training: boolean,
    seed = "doctor",
  ) {
    this.operation = operation;
    this.c = c;
    this.plan = plan;
    this.inputs = inputs;
    this.numbers = numbers;
    this.training = training;

    this.random = randomSource(seed);
  }

  /** The same object at every call, so that code may recognise it and changes to it can be seen. */
  tensor(name: string): unknown {
    if (!this.#given.has(name)) this.#given.set(name, this.#encoded(name));
    return this.#given.get(name);
  }

  /** Inputs that were handed over, to look at afterwards. */
  handedOver(): ReadonlyMap<string, unknown> {
    return this.#given;
  }

  set(name: string, value: unknown): void {
    this.#given.set(name, value);
  }

  valueOf(role: Role, source = ""): unknown {
    const s = this.c.sizes;
    switch (role) {
      case "x":
      case "W":
      case "b":
      case "gamma":
      case "beta":
        return this.inputs[role] === undefined ? undefined : this.tensor(role);
      case "dy":
      case "y":
      case "cache":
      case "labels":
        return this.#given.get(role);
      case "kernel":
        return s.KH !== undefined && (this.plan.pairs === true || s.KH !== s.KW) ? [s.KH, s.KW] : s.KH;
      case "stride":
        return s.SH;
      case "pad":
        return s.PH;
      case "width":
        return s.W;
      case "KH":
      case "KW":
      case "SH":
      case "SW":
      case "PH":
      case "PW":
      case "N":
      case "H":
      case "OH":
      case "OW":
        return s[role];
      case "C":
        return s.C ?? s.I;
      case "F":
        return s.F ?? s.O;
      case "in":
        return s.I ?? s.C;
      case "out":
        return s.O ?? s.F;
      case "xShape":
        return this.plan.arrangements.x.map((l) => s[l]);
      case "wShape":
        return this.plan.arrangements.W?.map((l) => s[l]);
      case "yShape":
        return this.plan.arrangements.y.map((l) => s[l]);
      case "training":
        return this.training;
      case "mode":
        return this.training ? "train" : "test";
      case "rng":
        return this.random;
      case "seed":
        return 1;
      case "keep":
        return 1 - (this.numbers.p ?? 0.5);
      case "hasBias":
        return true;
      case "lr":
        return 1;
      case "slope":
      case "p":
      case "eps":
      case "momentum":
        return this.numbers[role];
      case "runningMean":
      case "runningVar":
        return this.#running(role);
      case "options":
        return this.record(source);
      default:
        return undefined;
    }
  }

  /** A record that answers to every usual spelling that the code's source mentions. */
  record(source: string): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    const mentioned = new Set(source.match(/[A-Za-z_$][\w$]*/g) ?? []);
    const put = (key: string, value: unknown) => {
      if (value !== undefined && mentioned.has(key) && !(key in record)) record[key] = value;
    };
    for (const letter of ["N", "C", "H", "W", "F", "KH", "KW", "OH", "OW", "SH", "SW", "PH", "PW", "I", "O"])
      put(letter, this.c.sizes[letter]);
    for (const word of mentioned) {
      for (const role of rolesOf(word)) {
        if (recordRoles.includes(role)) put(word, this.valueOf(role));
      }
    }
    put("K", this.c.sizes.KH);
    put("S", this.c.sizes.SH);
    put("P", this.c.sizes.PH);
    put("D", this.c.sizes.I);
    put("bias", true);
    return record;
  }

  #running(role: "runningMean" | "runningVar"): unknown {
    const key = `running/${role}`;
    if (!this.#given.has(key)) {
      const size = this.c.sizes.C ?? 1;
      this.#given.set(key, new Array<number>(size).fill(role === "runningMean" ? 0 : 1));
    }
    return this.#given.get(key);
  }

  #encoded(name: string): unknown {
    const letters = this.plan.arrangements[name] ?? this.operation.axes[name];
    const t = arranged(this.inputs[name], this.operation.axes[name], letters);
    if (letters.length !== 1 || name === "x" || this.plan.vectors === undefined)
      return encode(t, this.plan.form, this.plan.own);
    if (this.plan.vectors === "flat") return Array.from(t.data);
    if (this.plan.vectors === "scalar") return t.data[0];
    const shape = this.plan.vectors === "row" ? [1, t.size] : [t.size, 1];
    return encode(t.reshape(shape), this.plan.form, this.plan.own);
  }
}

/** What may stand in a record of options, the more telling roles first. */
const recordRoles: readonly Role[] = [
  "kernel",
  "stride",
  "pad",
  "KH",
  "KW",
  "SH",
  "SW",
  "PH",
  "PW",
  "in",
  "out",
  "C",
  "F",
  "slope",
  "p",
  "keep",
  "eps",
  "momentum",
  "rng",
  "training",
  "mode",
  "N",
  "H",
  "width",
  "OH",
  "OW",
  "seed",
  "runningMean",
  "runningVar",
  "hasBias",
  "xShape",
  "wShape",
];

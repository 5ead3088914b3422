import {
  add,
  type Expr,
  i32,
  less,
  loadScalar,
  local,
  type Operand,
  splitAddress,
  type Type,
} from "./expr.js";

/** The vocabulary of kernels: statements. */
export type Statement =
  | { readonly op: "set"; readonly target: Expr; readonly value: Expr }
  | {
      readonly op: "store";
      readonly address: Expr;
      readonly offset: number;
      readonly value: Expr;
      /** How many lanes are written, from the first. */
      readonly count: number;
    }
  | { readonly op: "loop"; readonly body: readonly Statement[]; readonly again: Expr }
  | { readonly op: "if"; readonly condition: Expr; readonly body: readonly Statement[] }
  | { readonly op: "call"; readonly target: Kernel; readonly args: readonly Expr[] };

/** A function of a program: what a renderer turns into machine code. */
export class Kernel {
  readonly index: number;
  readonly name: string;
  readonly params: number;

  readonly locals: { readonly type: Type; readonly lanes: number }[] = [];
  readonly body: Statement[] = [];
  private block = this.body;
  /** WebAssembly's numbering: a vector of 16 lanes takes four places. */
  private places = 0;

  constructor(index: number, name: string, params: number) {
    this.index = index;
    this.name = name;
    this.params = params;

    for (let i = 0; i < params; i++) this.newLocal("i32", 1);
  }

  param(index: number): Expr {
    return local("i32", 1, index);
  }

  /** A new variable that starts with a value; use it as a value, change it with `set`. */
  let(value: Operand): Expr {
    const expr = typeof value === "number" ? i32(value) : value;
    const variable = this.newLocal(expr.type, expr.lanes);
    this.set(variable, expr);
    return variable;
  }

  /** As `let`, for a vector of more lanes than its start value has (a splat, a constant). */
  letVector(lanes: number, value: Expr): Expr {
    const variable = this.newLocal("vec", lanes);
    this.set(variable, value);
    return variable;
  }

  set(target: Expr, value: Expr): void {
    this.block.push({ op: "set", target, value });
  }

  /** target ← target + value */
  increase(target: Expr, value: Operand): void {
    this.set(target, add(target, value));
  }

  /** Writes a scalar, or the first `count` lanes of a vector. */
  store(address: Expr, value: Expr, count = value.lanes): void {
    const [base, offset] = splitAddress(address);
    this.block.push({ op: "store", address: base, offset, value, count });
  }

  /** for (i = from; i < to; i += step) body(i). An empty range is left out only when it is known to be one. */
  loop(from: Operand, to: Operand, step: number, body: (i: Expr) => void): void {
    const constantRange = typeof from === "number" && typeof to === "number";
    if (constantRange && from >= to) return;
    if (constantRange && from + step >= to) {
      body(i32(from));
      return;
    }
    const end = typeof to === "number" || to.op === "local" ? to : this.let(to);
    const i = this.let(from);
    const round = () =>
      this.block.push({
        op: "loop",
        body: this.collect(() => {
          body(i);
          this.increase(i, step);
        }),
        again: less(i, end),
      });
    if (constantRange) round();
    else this.when(less(i, end), round);
  }

  /**
   * Runs the statements once, as a unit that is finished before the next one starts. Straight-line code is otherwise
   * reordered by V8 up to Node 22: all loads first, then all arithmetic, which spills every register of a long sum.
   */
  unit(body: () => void): void {
    this.block.push({ op: "loop", body: this.collect(body), again: loadScalar("i32", i32(0)) });
  }

  /** Runs the statements when the condition is not 0. */
  when(condition: Expr, body: () => void): void {
    this.block.push({ op: "if", condition, body: this.collect(body) });
  }

  call(target: Kernel, ...args: Operand[]): void {
    this.block.push({
      op: "call",
      target,
      args: args.map((a) => (typeof a === "number" ? i32(a) : a)),
    });
  }

  private newLocal(type: Type, lanes: number): Expr {
    const variable = local(type, lanes, this.places);
    this.locals.push({ type, lanes });
    this.places += type === "vec" ? lanes / 4 : 1;
    return variable;
  }

  private collect(body: () => void): Statement[] {
    const outer = this.block;
    const inner: Statement[] = [];
    this.block = inner;
    body();
    this.block = outer;
    return inner;
  }
}

/** Kernels that share one memory. */
export class Program {
  readonly kernels: Kernel[] = [];

  /** @param write gets the parameters, all integers: sample numbers, task numbers, addresses in bytes */
  define(name: string, params: number, write: (kernel: Kernel, ...params: Expr[]) => void): Kernel {
    const kernel = new Kernel(this.kernels.length, name, params);
    this.kernels.push(kernel);
    write(kernel, ...Array.from({ length: params }, (_, i) => kernel.param(i)));
    return kernel;
  }
}

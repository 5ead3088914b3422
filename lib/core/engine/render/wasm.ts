import { unknownKind } from "@gradbook/base";
import { Bytes } from "./bytes.js";
import type { Expr, Type } from "./expr.js";
import type { Kernel, Program, Statement } from "./program.js";

/**
 * Prints a program as a WebAssembly module (SIMD128, one imported shared memory `env.memory`); every kernel is exported
 * by its name. A vector expression is printed once per part of four lanes.
 */
export function renderWasm(program: Program, memoryPages: number): Uint8Array {
  const out = new Bytes();
  out.append([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
  const arities = [...new Set(program.kernels.map((k) => k.params))];
  section(out, 1, arities.length, (s) => {
    for (const params of arities) {
      s.byte(0x60);
      s.unsigned(params);
      for (let i = 0; i < params; i++) s.byte(valueType.i32);
      s.unsigned(0);
    }
  });
  section(out, 2, 1, (s) => {
    s.text("env");
    s.text("memory");
    s.append([0x02, 0x03]);
    s.unsigned(memoryPages);
    s.unsigned(memoryPages);
  });
  section(out, 3, program.kernels.length, (s) => {
    for (const kernel of program.kernels) s.unsigned(arities.indexOf(kernel.params));
  });
  section(out, 7, program.kernels.length, (s) => {
    for (const kernel of program.kernels) {
      s.text(kernel.name);
      s.byte(0x00);
      s.unsigned(kernel.index);
    }
  });
  section(out, 10, program.kernels.length, (s) => {
    for (const kernel of program.kernels) s.sized(functionBody(kernel));
  });
  return out.view();
}

const valueType: Readonly<Record<Type, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, vec: 0x7b };

function section(out: Bytes, id: number, count: number, write: (s: Bytes) => void): void {
  const part = new Bytes();
  part.unsigned(count);
  write(part);
  out.byte(id);
  out.sized(part);
}

function functionBody(kernel: Kernel): Bytes {
  const out = new Bytes();
  const declared = kernel.locals.slice(kernel.params);
  out.unsigned(declared.length);
  for (const { type, lanes } of declared) {
    out.unsigned(type === "vec" ? lanes / 4 : 1);
    out.byte(valueType[type]);
  }
  statements(out, kernel.body);
  out.byte(0x0b);
  return out;
}

function statements(out: Bytes, list: readonly Statement[]): void {
  for (const statement of list) {
    switch (statement.op) {
      case "set": {
        // all parts are computed before any is set: the value may read the target
        const parts = statement.target.type === "vec" ? statement.target.lanes / 4 : 1;
        const selfContained = parts === 1 || !shuffles(statement.value);
        if (selfContained) {
          for (let p = 0; p < parts; p++) {
            expression(out, statement.value, p);
            out.byte(0x21);
            out.unsigned(statement.target.value + p);
          }
        } else {
          for (let p = 0; p < parts; p++) expression(out, statement.value, p);
          for (let p = parts - 1; p >= 0; p--) {
            out.byte(0x21);
            out.unsigned(statement.target.value + p);
          }
        }
        break;
      }
      case "store":
        store(out, statement.address, statement.offset, statement.value, statement.count);
        break;
      case "loop":
        out.append([0x03, 0x40]);
        statements(out, statement.body);
        expression(out, statement.again, 0);
        out.append([0x0d, 0x00, 0x0b]);
        break;
      case "if":
        expression(out, statement.condition, 0);
        out.append([0x04, 0x40]);
        statements(out, statement.body);
        out.byte(0x0b);
        break;
      case "call":
        for (const arg of statement.args) expression(out, arg, 0);
        out.byte(0x10);
        out.unsigned(statement.target.index);
        break;
      default:
        unknownKind("engine, statement", statement);
    }
  }
}

/** Whether a part of the value may need another part of its operands. */
function shuffles(value: Expr): boolean {
  return value.op === "part" || value.op === "concat" || value.args.some(shuffles);
}

function store(out: Bytes, address: Expr, offset: number, value: Expr, count: number): void {
  if (value.type !== "vec") {
    expression(out, address, 0);
    expression(out, value, 0);
    out.append({ i32: [0x36, 2], f32: [0x38, 2], f64: [0x39, 3] }[value.type]);
    out.unsigned(offset);
    return;
  }
  for (let at = 0; at < count; ) {
    const left = count - at;
    const inPart = at % 4;
    expression(out, address, 0);
    expression(out, value, Math.floor(at / 4));
    if (left >= 4) {
      simd(out, 0x0b);
      memarg(out, offset + 4 * at);
      at += 4;
    } else if (left >= 2 && inPart === 0) {
      simd(out, 0x5b); // two lanes as one 64-bit lane
      memarg(out, offset + 4 * at);
      out.byte(0);
      at += 2;
    } else {
      simd(out, 0x5a);
      memarg(out, offset + 4 * at);
      out.byte(inPart);
      at += 1;
    }
  }
}

function expression(out: Bytes, e: Expr, p: number): void {
  switch (e.op) {
    case "const":
      constant(out, e);
      return;
    case "constBits":
      simd(out, 0x0c);
      for (let i = 0; i < 4; i++) out.word(e.value);
      return;
    case "constLanes":
      simd(out, 0x0c);
      for (const lane of e.pick ?? []) out.word(lane);
      return;
    case "local":
      out.byte(0x20);
      out.unsigned(e.value + partOf(e, p));
      return;
    case "load":
      expression(out, e.args[0], 0);
      if (e.type === "vec") simd(out, 0x00);
      else out.append({ i32: [0x28], f32: [0x2a], f64: [0x2b] }[e.type]);
      memarg(out, e.value + 16 * partOf(e, p));
      return;
    case "loadSplat":
      expression(out, e.args[0], 0);
      simd(out, 0x09);
      memarg(out, e.value);
      return;
    case "part":
      expression(out, e.args[0], e.value);
      return;
    case "concat": {
      let rest = p;
      for (const arg of e.args) {
        if (rest < arg.lanes / 4) {
          expression(out, arg, rest);
          return;
        }
        rest -= arg.lanes / 4;
      }
      throw new RangeError(`part ${p} of ${e.lanes} lanes`);
    }
    case "shuffle":
      expression(out, e.args[0], 0);
      expression(out, e.args[1], 0);
      simd(out, 0x0d);
      for (const lane of e.pick ?? []) for (let byte = 0; byte < 4; byte++) out.byte(4 * lane + byte);
      return;
    case "lane":
    case "laneInt":
      expression(out, e.args[0], 0);
      simd(out, e.op === "lane" ? 0x1f : 0x1b);
      out.byte(e.value);
      return;
    default: {
      for (const arg of e.args) expression(out, arg, partOf(arg, p));
      const code = opcodes[e.type][e.op];
      if (code === undefined) throw new RangeError(`no instruction for ${e.op} of ${e.type}`);
      if (e.type === "vec") simd(out, code);
      else out.byte(code);
    }
  }
}

/** Vectors of four lanes beside longer ones are repeated. */
function partOf(e: Expr, p: number): number {
  return e.lanes <= 4 ? 0 : p;
}

function constant(out: Bytes, e: Expr): void {
  if (e.type === "i32") {
    out.byte(0x41);
    out.signed(e.value);
  } else if (e.type === "f32") {
    out.byte(0x43);
    out.float32(e.value);
  } else if (e.type === "f64") {
    out.byte(0x44);
    out.float64(e.value);
  } else {
    simd(out, 0x0c);
    for (let i = 0; i < 4; i++) out.float32(e.value);
  }
}

function simd(out: Bytes, code: number): void {
  out.byte(0xfd);
  out.unsigned(code);
}

/** Alignment is only a hint; four bytes hold for every float. */
function memarg(out: Bytes, offset: number): void {
  out.byte(2);
  out.unsigned(offset);
}

/** Instruction of each operation by the type of its result. */
const opcodes: Readonly<Record<Type, Readonly<Record<string, number>>>> = {
  i32: {
    add: 0x6a,
    sub: 0x6b,
    mul: 0x6c,
    div: 0x6e,
    rem: 0x70,
    and: 0x71,
    or: 0x72,
    xor: 0x73,
    shiftLeft: 0x74,
    select: 0x1b,
    "equal.i32": 0x46,
    "notEqual.i32": 0x47,
    "less.i32": 0x48,
    "greater.i32": 0x4a,
    "lessEqual.i32": 0x4c,
    "greaterEqual.i32": 0x4e,
    "equal.f32": 0x5b,
    "notEqual.f32": 0x5c,
    "less.f32": 0x5d,
    "greater.f32": 0x5e,
    "lessEqual.f32": 0x5f,
    "greaterEqual.f32": 0x60,
    "equal.f64": 0x61,
    "less.f64": 0x63,
    "greater.f64": 0x64,
    "lessEqual.f64": 0x65,
    "greaterEqual.f64": 0x66,
  },
  f32: {
    abs: 0x8b,
    neg: 0x8c,
    floor: 0x8e,
    nearest: 0x90,
    sqrt: 0x91,
    add: 0x92,
    sub: 0x93,
    mul: 0x94,
    div: 0x95,
    select: 0x1b,
    "f32.i32": 0xb2,
    "f32.f64": 0xb6,
  },
  f64: {
    abs: 0x99,
    neg: 0x9a,
    floor: 0x9c,
    nearest: 0x9e,
    sqrt: 0x9f,
    add: 0xa0,
    sub: 0xa1,
    mul: 0xa2,
    div: 0xa3,
    select: 0x1b,
    "f64.i32": 0xb7,
    "f64.f32": 0xbb,
  },
  vec: {
    splat: 0x13,
    splatInt: 0x11,
    equal: 0x41,
    notEqual: 0x42,
    less: 0x43,
    greater: 0x44,
    lessEqual: 0x45,
    greaterEqual: 0x46,
    and: 0x4e,
    or: 0x50,
    xor: 0x51,
    select: 0x52,
    floor: 0x68,
    nearest: 0x6a,
    abs: 0xe0,
    neg: 0xe1,
    sqrt: 0xe3,
    add: 0xe4,
    sub: 0xe5,
    mul: 0xe6,
    div: 0xe7,
    min: 0xea, // pmin and pmax are one machine instruction; min and max are five
    max: 0xeb,
    equalInts: 0x37,
    aboveEqualInts: 0x40,
    addInts: 0xae,
    subInts: 0xb1,
    mulInts: 0xb5,
    shiftLeftInts: 0xab,
    shiftRightInts: 0xad,
    toInts: 0xf8,
    fromInts: 0xfa,
  },
};

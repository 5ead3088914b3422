import { GradbookError, type Json, type JsonObject } from "@gradbook/base";
import type { EmitOptions } from "./strip-types.js";

/** `compilerOptions` of all files that a tsconfig.json extends, in one; paths are absolute. */
export type CompilerOptions = JsonObject;

/**
 * The options that change what code *does*, and not only what is accepted or how it is written out. Each is either
 * honoured by esbuild or by the resolver, or refused by name where it would be needed.
 */
const kinds: Readonly<Record<string, "boolean" | "string" | "strings" | "paths">> = {
  experimentalDecorators: "boolean",
  emitDecoratorMetadata: "boolean",
  useDefineForClassFields: "boolean",
  verbatimModuleSyntax: "boolean",
  importsNotUsedAsValues: "string",
  preserveValueImports: "boolean",
  target: "string",
  jsx: "string",
  jsxFactory: "string",
  jsxFragmentFactory: "string",
  jsxImportSource: "string",
  baseUrl: "string",
  paths: "paths",
  rootDirs: "strings",
  moduleSuffixes: "strings",
  customConditions: "strings",
};

/** What esbuild takes as it is. */
const forEsbuild = [
  "experimentalDecorators",
  "verbatimModuleSyntax",
  "importsNotUsedAsValues",
  "preserveValueImports",
  "jsx",
  "jsxFactory",
  "jsxFragmentFactory",
  "jsxImportSource",
];

/** Without ECMAScript's own class fields, TypeScript's old ones assign: setters of the parent are called. */
const beforeClassFields = /^es(?:3|5|6|20(?:1\d|2[01]))$/i;

/** In the words of esbuild. @param path of the tsconfig.json */
export function emitOptions(options: CompilerOptions, path = ""): EmitOptions {
  const { target, useDefineForClassFields } = options;
  const old = typeof target === "string" && beforeClassFields.test(target);
  const own = typeof useDefineForClassFields === "boolean" ? useDefineForClassFields : !old;
  const taken = Object.entries(options).filter(
    (entry): entry is [string, string | boolean] =>
      forEsbuild.includes(entry[0]) && (typeof entry[1] === "string" || typeof entry[1] === "boolean"),
  );
  const metadata = options.emitDecoratorMetadata === true && options.experimentalDecorators === true;
  return {
    compilerOptions: { ...Object.fromEntries(taken), useDefineForClassFields: own },
    ...(metadata ? { refuseDecorators: () => refuseDecoratorMetadata(path) } : {}),
  };
}

/**
 * @param path of the tsconfig.json, for messages
 * @throws GradbookError when an option has a value that it cannot have, or would change what code does in a way that is not there
 */
export function checkOptions(options: CompilerOptions, path: string): void {
  for (const [name, kind] of Object.entries(kinds)) {
    const value = options[name];
    if (value === undefined || fits(value, kind)) continue;
    throw refused(path, name, value, expected[kind]);
  }
  for (const plugin of Array.isArray(options.plugins) ? options.plugins : []) {
    const transform: unknown =
      typeof plugin === "object" && plugin !== null ? Reflect.get(plugin, "transform") : undefined;
    if (transform === undefined) continue;
    throw new GradbookError({
      code: "tsconfig",
      what: path,
      got: `a plugin transforms the code ("transform": ${JSON.stringify(transform)})`,
      expected: "code that means what TypeScript says",
      cure: ownConfig(path, '"plugins": []'),
    });
  }
}

/** Nest, TypeORM and class-validator read types at run time; who removes types cannot write them there. */
function refuseDecoratorMetadata(path: string): never {
  throw new GradbookError({
    code: "tsconfig",
    what: path,
    got: '"emitDecoratorMetadata": true, and the code has decorators',
    expected: "decorators that need no types at run time, which are removed here",
    cure: `Import it as compiled by tsc, or: ${ownConfig(path, '"emitDecoratorMetadata": false')}`,
  });
}

function ownConfig(path: string, option: string): string {
  return `A tsconfig.json in the notebook's folder that takes it back: { "extends": ${JSON.stringify(path)}, "compilerOptions": { ${option} } }.`;
}

const expected = {
  boolean: "true or false",
  string: "a text",
  strings: "an array of strings",
  paths: "arrays of strings by pattern, with at most one * in each",
};

function fits(value: Json, kind: keyof typeof expected): boolean {
  switch (kind) {
    case "boolean":
    case "string":
      return typeof value === kind;
    case "strings":
      return isTexts(value);
    case "paths":
      return (
        typeof value === "object" &&
        value !== null &&
        !Array.isArray(value) &&
        Object.entries(value).every(
          ([pattern, targets]) => isTexts(targets) && [pattern, ...targets].every(hasOneStar),
        )
      );
    default:
      return kind satisfies never;
  }
}

function isTexts(value: Json): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

const hasOneStar = (text: string): boolean => text.split("*").length <= 2;

function refused(path: string, name: string, value: Json, wanted: string): GradbookError {
  return new GradbookError({
    code: "tsconfig",
    what: path,
    got: `"${name}" is ${JSON.stringify(value)}`,
    expected: wanted,
  });
}

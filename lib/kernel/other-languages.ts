/**
 * What people type who come from Python and other kernels, and how TypeScript says it: one line, for text that is no
 * TypeScript or a name that is not there.
 */
const forms: readonly (readonly [RegExp, string])[] = [
  [/^\s*def\s+\w+\s*\(.*\)\s*(?:->.*)?:/m, "A function is written function name(x: number) { … }."],
  [/^\s*elif\b/m, "else if (…) { … } is what elif is."],
  [
    /^\s*(?:if|while)\s+[^({][^{]*:\s*$/m,
    "A condition stands in parentheses and its block in braces: if (x > 0) { … }.",
  ],
  [/^\s*for\s+\w+(?:\s*,\s*\w+)*\s+in\s+.*:\s*$/m, "A loop over values is for (const x of list) { … }."],
  [/^\s*(?:try|else|finally)\s*:\s*$/m, "Blocks stand in braces: try { … } catch (error) { … }."],
  [/^\s*except\b/m, "try { … } catch (error) { … } catches an error."],
  [/^\s*raise\b/m, 'throw new Error("…") raises one.'],
  [/^\s*with\s+.*\bas\s+\w+\s*:/m, "using x = … disposes of x at the end of its block."],
  [/^\s*class\s+\w+\s*(?:\(.*\))?\s*:\s*$/m, "A class is written class Name extends Base { … }."],
  [/^\s*import\s+[\w.]+\s+as\s+\w+\s*$/m, 'A package is imported with import * as name from "package".'],
  [/^\s*from\s+[\w.]+\s+import\b/m, 'Names are imported with import { name } from "package".'],
  [
    /^\s*(?:import\s+)(?:[\w.]+)(?:\s*,\s*[\w.]+)*\s*$/m,
    'A package is imported with import name from "package".',
  ],
  [/\blambda\b[^:]*:/, "A function without a name is (x) => x + 1."],
  [
    /\[[^\][]*\bfor\s+\w+\s+in\b/,
    "A list of what a function gives is list.map((x) => …), filtered with list.filter((x) => …).",
  ],
  [/\b[fr]"[^"]*"|\b[fr]'[^']*'/, "Values stand in a text between backquotes, as $" + "{x}."],
  [/^\s*(?:pip|conda|pip3)\s+install\b/m, "!npm install PACKAGE installs a package."],
  [/^\s*npm\s+(?:install|i|add)\b/m, "!npm install PACKAGE, with an exclamation mark, runs it in a shell."],
  [/\bnot\s+\w/, "!x is what not x is; && and || are and, or."],
  [/\w\s+(?:and|or)\s+\w/, "&& and || are and, or; ! is not."],
  [/\bis\s+(?:not\s+)?None\b/, "x === undefined, or x === null, asks whether there is nothing."],
  [/"""|'''/, "A text of several lines stands between backquotes: `…`."],
  [/^\s*#(?!!|\w+\s*(?:in\b|[;=(]))/m, "A comment begins with //."],
  [/^\s*\?+\s*[\w.]+\s*$/m, "name? shows the documentation of a name."],
  [
    /^\s*%{1,2}\w+/m,
    "Of the magics of IPython %cd, %pwd, %env, %%time and %timeit are known, as the first line of a cell.",
  ],
];

/** @param code of a cell that is no TypeScript */
export function cureForText(code: string): string | undefined {
  return forms.find(([form]) => form.test(code))?.[1];
}

/** What stands for a name of another language. */
const names: Readonly<Record<string, string>> = {
  print: "console.log(x) prints.",
  len: "list.length is the number of elements, map.size that of a Map or Set.",
  True: "It is written true.",
  False: "It is written false.",
  None: "It is written undefined, or null.",
  range: "Array.from({ length: n }, (_, i) => i) is the list 0 … n − 1.",
  str: "String(x) makes a text.",
  int: "Number.parseInt(text) or Math.trunc(x) makes a whole number.",
  float: "Number(text) makes a number.",
  input: "prompt(question) asks the reader of the notebook.",
  self: "this is what self is.",
  elif: "else if (…) { … } is what elif is.",
  pass: "An empty block is { }.",
  enumerate: "list.entries() gives [i, x] pairs.",
  zip: "a.map((x, i) => [x, b[i]]) pairs two lists.",
  sum: "list.reduce((sum, x) => sum + x, 0) adds up.",
  sorted: "[...list].sort((a, b) => a - b) sorts numbers.",
  dict: "{ key: value } is a record, new Map() a dictionary.",
  list: "[…] is a list, Array.from(x) makes one.",
  tuple: "[a, b] is a list; as const keeps its types.",
  type: "typeof x names the kind of a value.",
  isinstance: "x instanceof Class asks for the class.",
  open: 'readFileSync(path, "utf8") of node:fs reads a file.',
  abs: "Math.abs(x).",
  round: "Math.round(x); x.toFixed(2) rounds in a text.",
  max: "Math.max(a, b), or Math.max(...list).",
  min: "Math.min(a, b), or Math.min(...list).",
  np: 'The numbers of a tensor are tensor.data; import { Tensor } from "gradbook".',
  plt: 'Figures come from gradbook: import { figure, show } from "gradbook".',
  torch: 'import { sequential, fit } from "gradbook" is where networks are.',
  Deno: "The kernel runs on Node: its modules are imported from node:fs, node:path and so on.",
  $$: "Outputs beside the result are shown with display from tslab, or show from gradbook.",
};

/** @param name that is not defined */
export function cureForName(name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

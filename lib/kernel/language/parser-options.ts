/** How acorn reads cells and files: modules with today's syntax. */
export const parserOptions = {
  ecmaVersion: "latest",
  sourceType: "module",
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
} as const;

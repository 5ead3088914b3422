const sources = new WeakMap<object, string>();

/** Says what the source of a stub is: that of the function that it stands for. */
export function setSource(stub: object, source: string): void {
  sources.set(stub, source);
}

/** The source of a function or class as it was written. */
export function sourceOf(fn: object): string {
  return sources.get(fn) ?? Function.prototype.toString.call(fn);
}

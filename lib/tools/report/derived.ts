/**
 * Whether a file of a report is one that git need not keep: it comes out of the executed notebook again, byte for byte
 * as its digest in the manifest says, and nobody reads it on the web. The other files are what a reader opens, and the
 * executed notebook, without which nothing can be derived.
 */
export function isDerived(path: string): boolean {
  return /^(?:figures\/|tables\/|figures\.tex$)/.test(path);
}

/** A place in a text, line and column from 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * The place in the source for a place in the generated code, or undefined for code that nobody wrote.
 * @param runs as in `Positions`
 */
export function originalPlace(
  { runs }: { readonly runs: ArrayLike<number> },
  line: number,
  column: number,
): Position | undefined {
  // The last run that begins at or before the place.
  let low = 0;
  let high = runs.length / 4;
  while (low < high) {
    const middle = (low + high) >> 1;
    const before = runs[4 * middle] < line || (runs[4 * middle] === line && runs[4 * middle + 1] <= column);
    if (before) low = middle + 1;
    else high = middle;
  }
  const found = low - 1;
  if (found < 0 || runs[4 * found] !== line || runs[4 * found + 2] < 0) return undefined;
  return { line: runs[4 * found + 2], column: runs[4 * found + 3] };
}

/** Reads the `mappings` of a source map with one source. @returns runs as in `Positions`, sorted */
export function decodeMappings(mappings: string): number[] {
  const runs: number[] = [];
  let [sourceLine, sourceColumn] = [0, 0];
  for (const [line, group] of mappings.split(";").entries()) {
    let column = 0;
    for (const segment of group === "" ? [] : group.split(",")) {
      const fields = decodeNumbers(segment);
      column += fields[0];
      if (fields.length < 4) continue;
      sourceLine += fields[2];
      sourceColumn += fields[3];
      runs.push(line, column, sourceLine, sourceColumn);
    }
  }
  return runs;
}

const digits = new Map(
  [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].map((c, i) => [c, i]),
);

/** Base-64 numbers of variable length: five bits a digit, the sixth says that more follow; the lowest bit is the sign. */
function decodeNumbers(segment: string): number[] {
  const numbers: number[] = [];
  let [value, shift] = [0, 0];
  for (const character of segment) {
    const digit = digits.get(character) ?? 0;
    value += (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    [value, shift] = [0, 0];
  }
  return numbers;
}

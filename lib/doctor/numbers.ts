/** `2/3`, `0.25` as 1/4: a factor as somebody would have written it; else four digits. */
export function factorText(v: number): string {
  const divisor = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 18, 20, 25, 32, 100].find(
    (n) => Math.abs(v) < 1 && Math.round(v * n) !== 0 && Math.abs(v * n - Math.round(v * n)) < 1e-6,
  );
  if (divisor !== undefined) return `${Math.round(v * divisor)}/${divisor}`;
  const rounded = Number(v.toPrecision(4));
  // what is almost 1 is not 1
  return String(Math.abs(rounded) === 1 ? Number(v.toPrecision(7)) : rounded);
}

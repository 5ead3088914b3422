/** A table, line by line. */
export function markdown(head: readonly string[], cells: readonly (readonly string[])[]): string[] {
  const row = (values: readonly string[]) => `| ${values.join(" | ")} |`;
  return [row(head), row(head.map(() => "---")), ...cells.map(row)];
}

import type { AnyNode, Expression } from "acorn";

/** `((E2) => { … })(E || {})` and `((N2) => { … })(N || (N = {}))`: the blocks of enums and namespaces. */
export function namespaceBlock(
  node: AnyNode | Expression,
): { name: string; start: number; rest: number } | undefined {
  if (node.type !== "CallExpression" || node.arguments.length !== 1 || !/Function/.test(node.callee.type))
    return undefined;
  const [argument] = node.arguments;
  if (
    argument.type !== "LogicalExpression" ||
    argument.operator !== "||" ||
    argument.left.type !== "Identifier"
  )
    return undefined;
  const { left, right } = argument;
  const isEmpty = (one: Expression): boolean =>
    one.type === "ObjectExpression" && one.properties.length === 0;
  const fits = isEmpty(right) || (right.type === "AssignmentExpression" && isEmpty(right.right));
  // `N = {}` stands in parentheses, which begin before it.
  return fits
    ? {
        name: left.name,
        start: argument.start,
        rest: right.type === "ObjectExpression" ? right.start : right.start - 1,
      }
    : undefined;
}

import { canonical } from "@gradbook/core/internal";

/** Canonical JSON that can stand inside a `<script>` element: no `<` can end the element or open a comment. */
export function scriptJson(value: unknown): string {
  return canonical(value)
    .replace(/</g, "\\u003c")
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}

import { sha256 } from "./sha256.js";

/** How a kind of file writes a comment at its end. */
export interface Comment {
  readonly open: string;
  readonly close: string;
}

export const htmlComment: Comment = { open: "<!--", close: " -->" };
export const shellComment: Comment = { open: "#", close: "" };

/**
 * A text that can be known again as written by gradbook and not changed since: its last line is a comment with the
 * SHA-256 of all that stands before.
 */
export function seal(text: string, { open, close }: Comment): string {
  const body = text.endsWith("\n") ? text : `${text}\n`;
  return `${body}${open} gradbook wrote this: ${sha256(body)}${close}\n`;
}

/** Whether a text is as `seal` made it. */
export function isSealed(text: string, comment: Comment): boolean {
  const end = text.lastIndexOf("\n", text.length - 2) + 1;
  return end > 0 && text === seal(text.slice(0, end), comment);
}

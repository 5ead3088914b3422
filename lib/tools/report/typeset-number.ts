import { escapeHtml } from "@gradbook/core/internal";

const number = /^[-+−]?\d[\d,. ]*(?:e[-+]?\d+)?\s?%?$/i;

/** Whether the cells of a column hold numbers and nothing else; empty cells say nothing. */
export function areNumbers(texts: readonly string[]): boolean {
  const said = texts.map((text) => text.trim()).filter((text) => text !== "");
  return said.length > 0 && said.every((text) => number.test(text));
}

/** A cell's text as HTML, numbers as they are printed: `-1.2e-14` → −1.2 × 10⁻¹⁴. Other text stays as it is. */
export function typesetNumber(text: string): string {
  return escapeHtml(text).replace(
    /(?<![\w.])(-?)(\d[\d,]*(?:\.\d+)?)(?:e([+-]?)(\d+))?(?![\w.])/g,
    (whole, sign: string, digits: string, exponentSign?: string, exponent?: string, offset = 0, all = "") => {
      // between two numbers a hyphen is no sign
      const isSign = sign !== "" && !/[\w)\]%]\s?$/.test(all.slice(0, offset));
      const start = isSign ? "−" : sign;
      if (exponent === undefined) return sign === "" || isSign ? `${start}${digits}` : whole;
      const power = `${exponentSign === "-" ? "−" : ""}${Number(exponent)}`;
      return `${start}${digits}&#8239;×&#8239;10<sup>${power}</sup>`;
    },
  );
}

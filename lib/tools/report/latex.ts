/** LaTeX's own characters. */
const special: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}",
  "|": "\\textbar{}",
  ...Object.fromEntries([..."&%$#_{}"].map((c) => [c, `\\${c}`])),
};

/** Signs that stand in a formula, by their command. */
const signs: Readonly<Record<string, string>> = {
  "×": "times",
  "÷": "div",
  "·": "cdot",
  "∘": "circ",
  "±": "pm",
  "∓": "mp",
  "→": "to",
  "←": "leftarrow",
  "↔": "leftrightarrow",
  "↑": "uparrow",
  "↓": "downarrow",
  "⇒": "Rightarrow",
  "≤": "le",
  "≥": "ge",
  "≠": "ne",
  "≈": "approx",
  "≡": "equiv",
  "≪": "ll",
  "≫": "gg",
  "∝": "propto",
  "∼": "sim",
  "∂": "partial",
  "∇": "nabla",
  "∞": "infty",
  "∑": "sum",
  "∏": "prod",
  "∫": "int",
  "√": "surd",
  "∈": "in",
  "∉": "notin",
  "∀": "forall",
  "∃": "exists",
  "∥": "parallel",
  "⊙": "odot",
  "⊗": "otimes",
  "⊕": "oplus",
  ℓ: "ell",
  α: "alpha",
  β: "beta",
  γ: "gamma",
  δ: "delta",
  ε: "varepsilon",
  ζ: "zeta",
  η: "eta",
  θ: "theta",
  ι: "iota",
  κ: "kappa",
  λ: "lambda",
  μ: "mu",
  ν: "nu",
  ξ: "xi",
  π: "pi",
  ρ: "rho",
  σ: "sigma",
  τ: "tau",
  υ: "upsilon",
  φ: "varphi",
  χ: "chi",
  ψ: "psi",
  ω: "omega",
  Γ: "Gamma",
  Δ: "Delta",
  Θ: "Theta",
  Λ: "Lambda",
  Ξ: "Xi",
  Π: "Pi",
  Σ: "Sigma",
  Φ: "Phi",
  Ψ: "Psi",
  Ω: "Omega",
};

/** Accents that follow the letter they stand on. */
const accents: Readonly<Record<string, string>> = {
  "\u0302": "hat",
  "\u0303": "tilde",
  "\u0304": "bar",
  "\u0305": "bar",
  "\u0307": "dot",
  "\u20d7": "vec",
};

const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀⁿⁱ";
const raisedText = "0123456789+-Tni";
const lowered = "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₙₜ";
const loweredText = "0123456789+-ijnt";
const spaces: Readonly<Record<string, string>> = {
  "\u00a0": "~",
  "\u202f": "\\,",
  "\u2009": "\\,",
  "\u2060": "",
  "\u200b": "",
  "\u00ad": "\\-",
  "−": "$-$",
  "–": "--",
  "—": "---",
  "…": "\\dots{}",
  "¼": "$1/4$",
  "½": "$1/2$",
  "¾": "$3/4$",
  "°": "$^{\\circ}$",
};

const oneOf = (characters: string): RegExp =>
  new RegExp(`[${characters.replace(/[\\\]^-]/g, "\\$&")}]+`, "gu");
const single = new RegExp(
  [special, signs, spaces]
    .flatMap(Object.keys)
    .map((c) => c.replace(/[\\^$|{}]/, "\\$&"))
    .join("|"),
  "gu",
);
const accented = new RegExp(`(\\p{L})([${Object.keys(accents).join("")}])`, "gu");

/**
 * Text for LaTeX, also the eight-bit one: its own characters escaped, the letters and signs of formulas as commands.
 * Letters of other alphabets stay what they are.
 */
export function escapeTex(text: string): string {
  // Formulas first and put aside, so that nothing in them is escaped.
  const formulas: string[] = [];
  const aside = (formula: string): string => `\ue000${formulas.push(formula) - 1}\ue001`;
  const script = (from: string, to: string) => (run: string) =>
    Array.from(run, (c) => to[Array.from(from).indexOf(c)]).join("");
  return text
    .replace(/[^\S\u00a0\u202f\u2009]+/g, " ")
    .normalize("NFC")
    .replace(accented, (_, letter: string, accent: string) =>
      aside(`$\\${accents[accent]}{${signs[letter] === undefined ? letter : `\\${signs[letter]}`}}$`),
    )
    .replace(oneOf(raised), (run) => aside(`$^{${script(raised, raisedText)(run)}}$`))
    .replace(oneOf(lowered), (run) => aside(`$_{${script(lowered, loweredText)(run)}}$`))
    .replace(single, (c) => special[c] ?? spaces[c] ?? `$\\${signs[c]}$`)
    .replace(/\ue000(\d+)\ue001/g, (_, index: string) => formulas[Number(index)]);
}

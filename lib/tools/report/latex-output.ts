/** Markdown's own characters. */
const special = /[\\`*_{}[\]<>()#+\-.!|~$&]/g;

/** A formula in any of the ways in which outputs mark one. */
const formula =
  /\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|(\\begin\{([a-zA-Z]+\*?)\}[\s\S]*?\\end\{\5\})|(?<!\\)\$((?:\\[\s\S]|[^$\\])+?)\$/g;

/**
 * An output of the type `text/latex` as the Markdown that means the same: its formulas in the way that the report's
 * prose reads, everything between them as it is typed. One without any marks is a formula as a whole.
 */
export function latexMarkdown(latex: string): string {
  const parts: string[] = [];
  let from = 0;
  for (const found of latex.matchAll(formula)) {
    const [whole, dollars, brackets, parentheses, environment, , inline] = found;
    parts.push(latex.slice(from, found.index).replace(special, "\\$&"));
    const display = dollars ?? brackets ?? environment;
    const tex = (display ?? parentheses ?? inline).trim().replace(/\n\s*\n/g, "\n");
    parts.push(
      display === undefined ? `$${tex}$` : environment === undefined ? `$$${tex}$$` : `\n\n${tex}\n\n`,
    );
    from = found.index + whole.length;
  }
  if (from === 0) return `$$${latex.trim().replace(/\n\s*\n/g, "\n")}$$`;
  parts.push(latex.slice(from).replace(special, "\\$&"));
  return parts.join("");
}

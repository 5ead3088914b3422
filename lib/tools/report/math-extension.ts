import type { MarkedExtension } from "marked";

/**
 * Teaches marked TeX between `$…$`, `$$…$$` and `\begin…\end`, as tokens `inlineMath` and `displayMath` whose `text`
 * is the TeX.
 * @param draw makes HTML of it
 */
export function mathExtension(draw: (tex: string, display: boolean) => string): MarkedExtension {
  const token = (type: string, raw: string, tex: string) => ({ type, raw, text: tex });
  return {
    extensions: [
      {
        name: "displayMath",
        level: "block",
        start: (source) => source.match(/\$\$|\\begin\{/)?.index,
        tokenizer(source) {
          const dollars = /^\$\$([\s\S]+?)\$\$/.exec(source);
          if (dollars !== null) return token("displayMath", dollars[0], dollars[1]);
          const environment = /^\\begin\{([a-zA-Z]+\*?)\}[\s\S]*?\\end\{\1\}/.exec(source);
          return environment === null ? undefined : token("displayMath", environment[0], environment[0]);
        },
        renderer: (t) => draw(String(t.text), true),
      },
      {
        name: "inlineMath",
        level: "inline",
        start: (source) => source.indexOf("$"),
        tokenizer(source) {
          const display = /^\$\$([\s\S]+?)\$\$/.exec(source);
          if (display !== null) return token("displayMath", display[0], display[1]);
          // A dollar before a digit or beside a space is money.
          const inline = /^\$(?!\s)((?:\\[\s\S]|[^$\\])+?)(?<!\s)\$(?!\d)/.exec(source);
          return inline === null ? undefined : token("inlineMath", inline[0], inline[1]);
        },
        renderer: (t) => draw(String(t.text), false),
      },
    ],
  };
}

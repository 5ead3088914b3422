import { readFileSync } from "node:fs";
import { CommentTag, Converter } from "typedoc";

/** The headings of the packages' index.ts as the reference's categories: each public name stands under the one above its export. */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    const sources = ["core", "doctor"].map((name) => new URL(`../../lib/${name}/index.ts`, import.meta.url));
    const headings = new Map(sources.flatMap((file) => [...headingsOf(readFileSync(file, "utf8"))]));
    app.options.setValue("categoryOrder", [...new Set(headings.values())]);
    for (const name of project.children ?? []) {
      const heading = [{ kind: "text", text: headings.get(name.name) ?? "Other" }];
      const comments = [name.comment, ...(name.signatures ?? []).map((signature) => signature.comment)];
      for (const comment of comments) comment?.blockTags.push(new CommentTag("@category", heading));
    }
  });
}

/** Exported name → heading: `// Layers`, then `export { type Linear, linear } from …` until the next one. */
function headingsOf(source) {
  const headings = new Map();
  for (const part of source.split(/\n\n(?=\/\/ )/).slice(1)) {
    const heading = part.slice(3, part.indexOf("\n"));
    for (const [, names] of part.matchAll(/export (?:type )?\{([^}]*)\}/g))
      for (const [, name] of names.matchAll(/(\w+)\s*(?:,|$)/g)) headings.set(name, heading);
  }
  return headings;
}

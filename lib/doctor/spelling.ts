import type { Examination, Kind, Picture } from "./types.js";

/** What the tensors x, dx and y of the examination are called in the world of an operation. */
const names: Partial<Readonly<Record<Kind | "unknown", Readonly<Record<string, string>>>>> = {
  softmaxCrossEntropy: { x: "logits", dx: "dlogits", y: "loss" },
  euclidean: { x: "pred", dx: "dpred", y: "loss" },
  im2col: { y: "cols" },
};

/** Losses speak of loss, dlogits and dpred, im2col of cols. */
export function spelled(e: Examination): Examination {
  const own = names[e.kind];
  if (own === undefined) return e;
  const tensor = (name: string) => own[name] ?? name;
  const text = (words: string) =>
    words
      .replace(/\bdx\b/g, tensor("dx"))
      .replace(/\by is not\b/g, `${tensor("y")} is not`)
      .replace(/argument x\b/g, `argument ${tensor("x")}`);
  const picture = (p: Picture): Picture => ({
    ...p,
    tensor: tensor(p.tensor),
    slice: p.slice.replace(/^\w+/, tensor),
  });
  return {
    ...e,
    findings: e.findings.map((f) => ({
      ...f,
      tensor: tensor(f.tensor),
      mistake: text(f.mistake),
      where: text(f.where),
      cure: text(f.cure),
      ...(f.picture === undefined ? {} : { picture: picture(f.picture) }),
    })),
    checked: e.checked.map(text),
  };
}

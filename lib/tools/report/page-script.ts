/**
 * The page's only script: a button under each figure swaps the drawn picture for the interactive one and back.
 * Plotly's source sits in the page once, packed; it is unpacked and run at the first press, so opening the page stays
 * quick. What cannot be made interactive (no WebGL, an old browser that cannot unpack) says why and leaves the still
 * picture.
 */
export const pageScript = `
"use strict";
{
  const figures = JSON.parse(document.getElementById("figure-data").textContent);
  const run = async (id) => {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(unpacked).text();
    document.head.append(script);
  };
  const loadPrograms = async () => {
    if (document.getElementById("mathjax-source")) {
      const options = { enableMenu: false, enableAssistiveMml: false };
      window.MathJax = { startup: { typeset: false }, options, svg: { fontCache: "none" } };
      await run("mathjax-source");
      await window.MathJax.startup.promise;
    }
    await run("plotly-source");
    return window.Plotly;
  };
  // the still picture's colours are variables that a dark page sets; Plotly wants the colours themselves
  const colored = (value) => {
    if (value && typeof value === "object") {
      for (const key of Object.keys(value)) value[key] = colored(value[key]);
      return value;
    }
    const found = typeof value === "string" && /^(?:#([0-9a-f]{6})|rgba?\\((\\d+), ?(\\d+), ?(\\d+)(, ?[\\d.]+)?\\))$/i.exec(value);
    if (!found) return value;
    const [, hex, r, g, b, alpha] = found;
    const name = hex ?? [r, g, b].map((n) => Number(n).toString(16).padStart(2, "0")).join("");
    const dark = getComputedStyle(document.documentElement).getPropertyValue("--c" + name.toLowerCase()).trim();
    if (dark === "") return value;
    if (!alpha) return dark;
    return "rgba(" + [1, 3, 5].map((i) => Number.parseInt(dark.slice(i, i + 2), 16)).join(",") + alpha + ")";
  };
  let programs;
  const load = () => (programs ??= loadPrograms());
  for (const button of document.querySelectorAll("button[data-figure]")) {
    button.hidden = false;
    const picture = document.getElementById(button.dataset.figure).querySelector(".picture");
    const still = picture.firstElementChild;
    let live = null;
    // a press while the figure is on its way changes nothing
    let isBusy = false;
    const leave = () => {
      window.Plotly?.purge(live);
      live.replaceWith(still);
      live = null;
    };
    const enter = async () => {
      const plotly = await load();
      live = document.createElement("div");
      still.replaceWith(live);
      const figure = JSON.parse(JSON.stringify(figures[button.dataset.figure]));
      if ("adapts" in still.dataset) {
        live.className = "adapts";
        colored(figure);
      }
      figure.config = { displaylogo: false, ...figure.config };
      await plotly.newPlot(live, figure);
    };
    button.addEventListener("click", async () => {
      if (isBusy) return;
      isBusy = true;
      try {
        if (live) leave();
        else await enter();
      } catch (error) {
        if (live) leave();
        const words = document.createElement("span");
        words.className = "missing";
        words.textContent = " Not interactive: " + (error?.message ?? error);
        button.replaceWith(words);
        return;
      }
      isBusy = false;
      button.textContent = live ? "Still" : "Interactive";
      button.setAttribute("aria-pressed", String(Boolean(live)));
    });
  }
}
`;

/**
 * The page's only script: a button under each figure swaps the drawn picture for the interactive one and back.
 * Plotly's source sits in the page once, as text; it is run at the first press, so opening the page stays quick. What
 * cannot be made interactive (no WebGL, say) says why and leaves the still picture.
 */
export const pageScript = `
"use strict";
{
  const figures = JSON.parse(document.getElementById("figure-data").textContent);
  const run = (id) => {
    const script = document.createElement("script");
    script.textContent = document.getElementById(id).textContent;
    document.head.append(script);
  };
  const load = async () => {
    if (!window.Plotly) {
      if (document.getElementById("mathjax-source")) {
        const options = { enableMenu: false, enableAssistiveMml: false };
        window.MathJax = { startup: { typeset: false }, options, svg: { fontCache: "none" } };
        run("mathjax-source");
        await window.MathJax.startup.promise;
      }
      run("plotly-source");
    }
    return window.Plotly;
  };
  for (const button of document.querySelectorAll("button[data-figure]")) {
    button.hidden = false;
    const picture = document.getElementById(button.dataset.figure).querySelector(".picture");
    const still = picture.firstElementChild;
    let live = null;
    const leave = () => {
      window.Plotly?.purge(live);
      live.replaceWith(still);
      live = null;
    };
    button.addEventListener("click", async () => {
      if (live) leave();
      else {
        live = document.createElement("div");
        still.replaceWith(live);
        try {
          const figure = JSON.parse(JSON.stringify(figures[button.dataset.figure]));
          figure.config = { displaylogo: false, ...figure.config };
          await (await load()).newPlot(live, figure);
        } catch (error) {
          leave();
          const words = document.createElement("span");
          words.className = "missing";
          words.textContent = " Not interactive: " + (error?.message ?? error);
          button.replaceWith(words);
          return;
        }
      }
      button.textContent = live ? "Still" : "Interactive";
      button.setAttribute("aria-pressed", String(Boolean(live)));
    });
  }
}
`;

/**
 * The page's only script: a button under each figure swaps the drawn picture for the interactive one and back.
 * Plotly's source sits in the page once, as text; it is run at the first press, so opening the page stays quick.
 */
export const pageScript = `
"use strict";
{
  const figures = JSON.parse(document.getElementById("figure-data").textContent);
  const load = () => {
    if (!window.Plotly) {
      const script = document.createElement("script");
      script.textContent = document.getElementById("plotly-source").textContent;
      document.head.append(script);
    }
    return window.Plotly;
  };
  for (const button of document.querySelectorAll("button[data-figure]")) {
    button.hidden = false;
    const picture = document.getElementById(button.dataset.figure).querySelector(".picture");
    const still = picture.firstElementChild;
    let live = null;
    button.addEventListener("click", async () => {
      if (live) {
        window.Plotly.purge(live);
        live.replaceWith(still);
        live = null;
      } else {
        live = document.createElement("div");
        still.replaceWith(live);
        const { data, layout } = JSON.parse(JSON.stringify(figures[button.dataset.figure]));
        await load().newPlot(live, data, layout, { displaylogo: false });
      }
      button.textContent = live ? "Still" : "Interactive";
      button.setAttribute("aria-pressed", String(Boolean(live)));
    });
  }
}
`;

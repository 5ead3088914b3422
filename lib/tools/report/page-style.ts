import { themes } from "@gradbook/core/internal";
import { darkColors } from "./page-figure.js";

const { light, dark } = themes;

/** The text column, and beside it, on a wide screen, the contents: tables may reach into the other margin. */
const layout = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--text); background: var(--paper);
  font: 17px/1.6 "Source Sans 3", "Source Sans Pro", system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
main { --room: max(0px, (100vw - 46rem) / 2 - 1rem); max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem;
  overflow-wrap: break-word; }
nav { background: var(--soft); border-radius: 8px; padding: .8rem 1.2rem; margin: 1.2rem 0; }
nav ol { margin: .3rem 0; padding-left: 1.4rem; columns: 2; column-gap: 2rem; }
nav h2 { font-size: 1rem; margin: 0; border: 0; padding: 0; }
@media screen and (min-width: 80rem) {
  nav { position: fixed; top: 2rem; left: calc((100vw - 46rem) / 2 - 16rem); width: 15rem; max-height: calc(100vh - 4rem);
    margin: 0; overflow-y: auto; background: none; font-size: .88rem; line-height: 1.4; }
  nav ol { columns: 1; padding-left: 0; list-style: none; }
  nav li { margin: .45rem 0; }
  nav a { color: var(--muted); text-decoration: none; }
  nav a:hover { color: var(--link); text-decoration: underline; }
}
`;

const text = `
a { color: var(--link); }
h1 { font-size: 2rem; line-height: 1.2; margin: 1rem 0 .5rem; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
p, ul, ol, blockquote { margin: .7rem 0; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--muted); }
img { max-width: 100%; height: auto; }
.authors { margin: 0 0 .3rem; }
.facts { color: var(--muted); margin: 0 0 1.2rem; font-size: .95rem; }
.links { white-space: nowrap; font-size: .85rem; }
.links a, .links button { margin-left: .6rem; }
.documents a:first-child { margin-left: 0; }
.links button { font: inherit; color: var(--link); background: none; border: 0; padding: 0; text-decoration: underline; cursor: pointer; }
.callout { margin: 1.2rem 0; padding: .1rem 1.1rem; border-left: 4px solid var(--tone); border-radius: 4px; background: var(--soft); }
.callout-title { font-weight: 600; color: var(--tone); }
.callout-note { --tone: var(--blue); } .callout-tip { --tone: var(--green); } .callout-important { --tone: var(--magenta); }
.callout-warning { --tone: var(--yellow); } .callout-caution { --tone: var(--red); }
.footnotes { margin-top: 3rem; padding-top: .2rem; border-top: 1px solid var(--line); font-size: .9rem; }
.footnotes :target, sup :target { background: var(--soft); }
.missing, figcaption .note { color: var(--muted); font-style: italic; }
.left-out { margin-top: 3rem; padding: .2rem 1.2rem; background: var(--soft); border-radius: 8px; font-size: .9rem; overflow-wrap: anywhere; }
.math { white-space: nowrap; }
.math svg { max-width: 100%; overflow: visible; }
div.math { overflow-x: auto; overflow-y: hidden; text-align: center; margin: 1rem 0; }
div.math svg { height: auto; }
.bad-math { outline: 1px solid var(--red); }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .85rem; overflow-wrap: anywhere; }
footer dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .5rem 0; }
footer dd { margin: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 36rem) { body { font-size: 16px; } nav ol { columns: 1; } h1 { font-size: 1.6rem; } }
`;

const code = `
code, pre { font-family: "Source Code Pro", ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .82em; }
:not(pre) > code { background: var(--soft); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; line-height: 1.45; }
pre code { font-size: 1em; }
details.code, details.folded { margin: .6rem 0; }
details.code { color: var(--muted); }
details > summary { cursor: pointer; }
details.code > summary, details.folded > summary { font-size: .85rem; color: var(--muted); }
details.code pre { color: var(--text); }
pre.out { background: none; border-left: 3px solid var(--line); border-radius: 0; padding: .2rem 1rem;
  width: fit-content; max-width: calc(100% + var(--room)); white-space: pre-wrap; overflow-wrap: anywhere; }
pre.stderr, pre.error { border-color: var(--red); }
.tok-keyword { color: var(--magenta); } .tok-string { color: var(--green); } .tok-number { color: var(--blue); }
.tok-comment { color: var(--muted); font-style: italic; } .tok-type { color: var(--cyan); } .tok-function { color: var(--yellow); }
.ansi-bold { font-weight: 600; } .ansi-italic { font-style: italic; } .ansi-underline { text-decoration: underline; }
.ansi-color-red { color: var(--red); } .ansi-color-green { color: var(--green); } .ansi-color-yellow { color: var(--yellow); }
.ansi-color-blue { color: var(--blue); } .ansi-color-magenta { color: var(--magenta); } .ansi-color-cyan { color: var(--cyan); }
.ansi-color-white { color: var(--muted); }
`;

/** What scrolls has a shadow at the side where there is more. */
const figures = `
figure { margin: 1.8rem 0; }
figcaption { color: var(--muted); font-size: .92rem; margin: .4rem 0; }
figcaption strong { color: var(--text); }
.picture { overflow-x: auto; }
.picture svg.main-svg, .picture > svg, .picture img { display: block; max-width: 100%; height: auto; }
.picture .js-plotly-plot svg.main-svg { max-width: none; }
.table, div.math { background:
  linear-gradient(to right, var(--paper) 40%, transparent) 0 / 3rem 100% no-repeat local,
  linear-gradient(to left, var(--paper) 40%, transparent) 100% / 3rem 100% no-repeat local,
  linear-gradient(to right, var(--line), transparent) 0 / .8rem 100% no-repeat scroll,
  linear-gradient(to left, var(--line), transparent) 100% / .8rem 100% no-repeat scroll; }
.table { overflow-x: auto; width: fit-content; max-width: calc(100% + var(--room)); margin: 1.4rem 0; }
figure .table { margin: 0; }
table { border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
td { max-width: 24rem; }
table:has(tr > :nth-child(9)) { font-size: .85rem; } table:has(tr > :nth-child(9)) :is(th, td) { padding: .2rem .4rem; }
th { overflow-wrap: normal; }
thead th { border-bottom: 2px solid var(--muted); vertical-align: bottom; }
th.number, td.number, [align="right"] { text-align: right; }
[align="center"] { text-align: center; }
td.number { white-space: nowrap; }
.html { overflow-x: auto; margin: 1.2rem 0; }
`;

/** Nothing scrolls on paper: what is wide becomes smaller, then breaks. */
const paper = `
@media print {
  @page { margin: 18mm 16mm; }
  body { font-size: 10.5pt; line-height: 1.45; }
  main { --room: 0px; max-width: none; padding: 0; }
  nav, .links, details.code { display: none; }
  figure:not(.tabular), tr, .math, .callout { break-inside: avoid; }
  h1, h2, h3, .tabular figcaption, caption { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  .table, .html, .picture, div.math { overflow: visible; background: none; }
  .picture svg, div.math svg { min-width: 0 !important; max-width: 100%; }
  .picture > svg { max-height: 105mm; }
  th, td { overflow-wrap: anywhere; }
  table { font-size: 9.5pt; }
  table:has(tr > :nth-child(8)) { font-size: 8pt; } table:has(tr > :nth-child(8)) :is(th, td) { padding: .15rem .35rem; }
  table:has(tr > :nth-child(12)) { font-size: 6.5pt; } table:has(tr > :nth-child(12)) :is(th, td) { padding: .1rem .2rem; }
  table:has(tr > :nth-child(12)) td.number { white-space: normal; }
}
`;

/** Colours of the themes that figures have; each has a contrast of at least 4.5 with both grounds. */
const colors = `
:root { color-scheme: light; --paper: ${light.paper}; --text: ${light.text}; --muted: ${light.muted}; --line: #d1d9e0; --soft: #f6f8fa;
  --link: #0757a8; --red: #b3121d; --green: #1a6b2f; --yellow: #7a5200; --blue: #0757a8; --magenta: #8a2090; --cyan: #0b6672; }
@media screen and (prefers-color-scheme: dark) {
  :root { color-scheme: dark; --paper: ${dark.paper}; --text: ${dark.text}; --muted: ${dark.muted}; --line: #30363d; --soft: #161b22;
    --link: #79b8ff; --red: #ff9492; --green: #7ee787; --yellow: #e3b341; --blue: #79c0ff; --magenta: #e2b5ff; --cyan: #76e3ea;
    ${darkColors} }
  .picture > svg:not([data-adapts]), .picture img, .js-plotly-plot:not(.adapts), p > img, .html img { background: #fff; border-radius: 6px; }
}
`;

/** The look of a report page, on a screen from 320 px up, light or dark, and on paper. */
export const pageStyle = `${colors}${layout}${text}${code}${figures}${paper}`;

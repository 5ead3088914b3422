/** The look of a report page, on a screen from 320 px up and on paper. */
export const pageStyle = `
:root { color-scheme: light; --text: #1f2328; --muted: #59636e; --line: #d1d9e0; --soft: #f6f8fa; --link: #0757a8; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--text); background: #fff;
  font: 17px/1.6 "Source Sans 3", "Source Sans Pro", system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
a { color: var(--link); }
h1 { font-size: 2rem; line-height: 1.2; margin: 1rem 0 .5rem; }
h2 { font-size: 1.45rem; line-height: 1.25; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.15rem; margin: 2rem 0 .4rem; }
p, ul, ol, blockquote { margin: .7rem 0; }
blockquote { margin-left: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--muted); }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .82em; }
:not(pre) > code { background: var(--soft); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .8rem 1rem; border-radius: 6px; overflow-x: auto; line-height: 1.45; }
details.code { margin: .6rem 0; color: var(--muted); }
details.code summary { cursor: pointer; font-size: .85rem; }
details.code pre { color: var(--text); }
.facts { color: var(--muted); margin: 0 0 1.2rem; font-size: .95rem; }
nav { background: var(--soft); border-radius: 8px; padding: .8rem 1.2rem; margin: 1.2rem 0; }
nav ol { margin: .3rem 0; padding-left: 1.4rem; columns: 2; column-gap: 2rem; }
nav h2 { font-size: 1rem; margin: 0; border: 0; padding: 0; }
figure { margin: 1.8rem 0; }
.picture { overflow-x: auto; }
.picture svg.main-svg, .picture > svg, .picture img { display: block; max-width: 100%; height: auto; }
.picture .js-plotly-plot svg.main-svg { max-width: none; }
figcaption { color: var(--muted); font-size: .92rem; margin-top: .4rem; }
figcaption strong { color: var(--text); }
.links { white-space: nowrap; font-size: .85rem; }
.links a, .links button { margin-left: .6rem; }
.documents a:first-child { margin-left: 0; }
.links button { font: inherit; color: var(--link); background: none; border: 0; padding: 0; text-decoration: underline; cursor: pointer; }
.table { overflow-x: auto; margin: 1.4rem 0; }
table { border-collapse: collapse; font-size: .95rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
caption .note { font-weight: 400; color: var(--muted); }
th, td { padding: .25rem .7rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom: 2px solid var(--muted); }
th.number, td.number { text-align: right; }
td.number { white-space: nowrap; }
thead th { vertical-align: bottom; }
.html { overflow-x: auto; margin: 1.2rem 0; }
.html img { max-width: 100%; height: auto; }
details.folded { margin: .6rem 0; }
details.folded > summary { cursor: pointer; font-size: .85rem; color: var(--muted); }
.missing, figcaption .note { color: var(--muted); font-style: italic; }
.left-out { margin-top: 3rem; padding: .2rem 1.2rem; background: var(--soft); border-radius: 8px; font-size: .9rem; overflow-wrap: anywhere; }
.ansi-bold { font-weight: 600; } .ansi-italic { font-style: italic; } .ansi-underline { text-decoration: underline; }
.ansi-color-red { color: #b3121d; } .ansi-color-green { color: #1a6b2f; } .ansi-color-yellow { color: #7a5200; }
.ansi-color-blue { color: #0757a8; } .ansi-color-magenta { color: #8a2090; } .ansi-color-cyan { color: #0b6672; }
.ansi-color-white { color: var(--muted); }
pre.out { background: none; border-left: 3px solid var(--line); border-radius: 0; padding: .2rem 1rem; }
pre.stderr, pre.error { border-color: #b3121d; }
.math { white-space: nowrap; }
.math svg { max-width: 100%; overflow: visible; }
div.math { overflow-x: auto; overflow-y: hidden; text-align: center; margin: 1rem 0; }
div.math svg { max-width: none; }
.bad-math { outline: 1px solid #b3121d; }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid var(--line); color: var(--muted); font-size: .85rem; overflow-wrap: anywhere; }
footer dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .5rem 0; }
footer dd { margin: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
@media (max-width: 36rem) { body { font-size: 16px; } nav ol { columns: 1; } h1 { font-size: 1.6rem; } }
@media print {
  body { font-size: 10.5pt; line-height: 1.45; }
  main { max-width: none; padding: 0; }
  nav, .links, details.code { display: none; }
  figure, table, pre, .math { break-inside: avoid; }
  h1, h2, h3 { break-after: avoid; }
  a { color: inherit; text-decoration: none; }
  @page { margin: 18mm 16mm; }
}
`;

/** How the panel looks. */
import { Html } from "./html.js";

export const STYLE: Html = new Html(`
:root { color-scheme: light dark; --ink: #22262b; --soft: #667079; --paper: #f6f7f8; --sheet: #fff; --line: #dde1e5; --accent: #a4481c; --bad: #b3261e; --bar: #d98f5f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #9aa4ad; --paper: #17191c; --sheet: #212429; --line: #363b42; --accent: #eba277; --bad: #f2938c; --bar: #b5673a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header { padding: .8rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--sheet); }
header span, .nothing, .at, .meta, .objects, .parameters, dt { color: var(--soft); }
header a { color: var(--accent); text-decoration: none; font-size: 1.15rem; margin-right: .5rem; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem; }
h1 { font-size: 1.4rem; margin: 1.25rem 0 .5rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
a { color: var(--accent); } :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; }
dl { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: 0; padding: .6rem .9rem; background: var(--sheet); border: 1px solid var(--line); border-radius: 6px; }
dt { flex-basis: 100%; font-size: .85rem; } dd { margin: 0; font-variant-numeric: tabular-nums; } .busy { color: var(--bad); font-weight: 600; }
form { display: flex; gap: 1rem; align-items: center; margin-bottom: .75rem; }
button { font: inherit; color: inherit; padding: .25rem .7rem; border: 1px solid var(--line); border-radius: 6px; background: var(--sheet); cursor: pointer; }
table { width: 100%; border-collapse: collapse; background: var(--sheet); border: 1px solid var(--line); }
th, td { padding: .45rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; font-variant-numeric: tabular-nums; }
th { font-size: .82rem; font-weight: 500; color: var(--soft); } .n { text-align: right; white-space: nowrap; }
.badge { display: inline-block; padding: 0 .45rem; border-radius: 1rem; background: var(--accent); color: var(--paper); font-size: .8rem; white-space: nowrap; }
.badge.bad { background: var(--bad); color: var(--paper); } .bad { color: var(--bad); }
.finding { margin-bottom: .75rem; padding: .75rem 1rem; background: var(--sheet); border: 1px solid var(--line); border-left: 4px solid var(--accent); border-radius: 0 6px 6px 0; }
.finding p { margin: .2rem 0; }
.flush { display: flex; gap: 1.25rem; padding: .5rem 1rem; background: var(--sheet); border: 1px solid var(--line); } .flush p { margin: 0; color: var(--soft); } .flush ol { margin: 0; padding-left: 1.2rem; }
.steps { margin: 0; padding: 0; list-style: none; } .steps > li { padding: .7rem 1rem; background: var(--sheet); border: 1px solid var(--line); border-bottom: 0; } .steps > li:last-child { border-bottom: 1px solid var(--line); }
.steps > .transaction { padding-block: .3rem; background: none; font-size: .85rem; letter-spacing: .04em; }
.steps p { margin: 0; } .at { display: inline-block; min-width: 5rem; font-variant-numeric: tabular-nums; }
.meta { font-size: .9rem; } svg { display: block; width: 100%; height: 5px; margin: .25rem 0; background: var(--paper); } rect { fill: var(--bar); }
pre, code { font: .87rem/1.5 ui-monospace, SFMono-Regular, Menlo, monospace; } pre { margin: .3rem 0; white-space: pre-wrap; }
.parameters { font-size: .87rem; } .place { margin-top: .25rem; font-size: .87rem; } .place summary { cursor: pointer; color: var(--soft); }
.sessions { margin: 0; padding-left: 1.2rem; }
@media (max-width: 48rem) {
  main { padding: .75rem; } table { display: block; overflow-x: auto; } th, td { overflow-wrap: normal; white-space: nowrap; padding: .4rem .45rem; }
  td:nth-child(2) { min-width: 11rem; white-space: normal; overflow-wrap: anywhere; } th:first-child, td:first-child { display: none; }
}
`);

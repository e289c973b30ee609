//! The page's style: one set of variables for light, one for dark.

/// The whole of it. The colours of series differ in lightness too, for eyes that mix up hues.
pub(super) const STYLE: &str = "
:root { --paper: #ffffff; --ink: #1c1f24; --grid: #d4d8de; --soft: #f3f5f8; --bad: #b3261e;
  --series-0: #0b63c5; --series-1: #c2570c; --series-2: #2e7d4f; --series-3: #8a3ab9;
  --series-4: #7a6a00; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e6e8eb; --grid: #3a4049; --soft: #1e2329; --bad: #ff8a80;
    --series-0: #6cb2ff; --series-1: #ffa45c; --series-2: #74d39a; --series-3: #d7a1ff;
    --series-4: #e3cf57; }
}
* { box-sizing: border-box; }
body { background: var(--paper); color: var(--ink); max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
h3, h4 { font-size: 1rem; margin: 0 0 .3rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--grid);
  vertical-align: top; }
th, td:first-child { overflow-wrap: break-word; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
pre, code { font: .85rem/1.4 ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem .8rem; white-space: pre-wrap; }
.finding { border-left: 3px solid var(--bad); padding-left: .9rem; margin: 1.2rem 0; }
.remark { background: var(--soft); padding: .5rem .8rem; }
.missed { color: var(--bad); font-weight: 600; }
figure { margin: 1.2rem 0; } figcaption { font-weight: 600; }
figure svg { width: 100%; height: auto; display: block; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; }
.key i.band { opacity: .35; }
details > summary { cursor: pointer; font-size: .9rem; }
@media print { details > * { display: block; } }
";

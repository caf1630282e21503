// A tenant's runs on a line of time: where it stands says when, how high how long it took, its form and colour how it ended.
import { h, s } from "./dom.js";
import { duration, scope, tick, time } from "./format.js";

const LEFT = 54, RIGHT = 12, TOP = 14, HEIGHT = 190, BASE = 160;

// Runs take milliseconds or hours: a step up is ten times as long.
const heightOf = (ms, least, most) => 10 + ((Math.log10(Math.max(1, ms)) - least) / Math.max(1, most - least)) * (BASE - TOP - 14);

function shape(run, x, y) {
  if (run.state === "succeeded") return s("circle", { cx: x, cy: y, r: 4 });
  if (run.state === "failed") return s("path", { d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8`, class: "cross-mark" });
  if (run.state === "partial" || run.state === "held") return s("path", { d: `M${x} ${y - 5.5}l5.500 9.500h-11z` });
  return s("circle", { cx: x, cy: y, r: 3.5, class: "hollow" });
}

function axes(width, from, to, least, most) {
  const out = [s("line", { class: "base", x1: LEFT, x2: width - RIGHT, y1: BASE, y2: BASE })];
  for (let e = Math.ceil(least); e <= most; ++e) {
    const y = BASE - heightOf(10 ** e, least, most);
    out.push(s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }), s("text", { class: "tick", x: LEFT - 8, y: y + 4, "text-anchor": "end" }, duration(10 ** e)));
  }
  const ticks = Math.max(2, Math.min(7, Math.floor(width / 130)));
  for (let n = 0; n <= ticks; ++n) {
    const t = from + ((to - from) * n) / ticks;
    const anchor = n === 0 ? "start" : n === ticks ? "end" : "middle";
    out.push(s("text", { class: "tick", x: LEFT + ((width - LEFT - RIGHT) * n) / ticks, y: HEIGHT - 10, "text-anchor": anchor }, tick(t, to - from)));
  }
  return out;
}

function mark(run, x, ms, y) {
  const words = `${run.state}, ${scope(run.scope)}, ${time(run.created_at)}, ${run.ended_at ? `took ${duration(ms)}` : `for ${duration(ms)}`}`;
  return s("a", { href: `#/runs/${encodeURIComponent(run.run_id)}`, class: `spot ${run.state}`, "aria-label": words },
    s("title", {}, words),
    s("line", { class: "stem", x1: x, x2: x, y1: BASE, y2: y }),
    s("rect", { class: "reach", x: x - 8, y: TOP, width: 16, height: BASE - TOP }),
    shape(run, x, y));
}

export function timeline(runs, title) {
  const now = Date.now();
  const took = (r) => r.duration_ms ?? now - Date.parse(r.created_at);
  const starts = runs.map((r) => Date.parse(r.created_at));
  const span = Math.max(60e3, now - Math.min(...starts));
  const from = now - span * 1.02;
  const logs = runs.map((r) => Math.log10(Math.max(1, took(r))));
  const least = Math.floor(Math.min(...logs)), most = Math.max(least + 1, Math.ceil(Math.max(...logs)));
  const drawing = s("svg", { class: "timeline", height: HEIGHT, role: "group", "aria-label": title });
  const draw = (width) => {
    if (width < 60) return;
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const x = (t) => LEFT + ((t - from) / (now - from)) * (width - LEFT - RIGHT);
    const marks = runs.map((r, n) => mark(r, x(starts[n]), took(r), BASE - heightOf(took(r), least, most)));
    drawing.replaceChildren(...axes(width, from, now, least, most), ...marks.reverse());
  };
  new ResizeObserver(([entry]) => draw(Math.round(entry.contentRect.width))).observe(drawing);
  return h("div", { class: "panel" }, drawing,
    h("p", { class: "told" }, ["succeeded", "partial", "failed", "running"].map((k) => h("span", { class: `key s-${k}` }, k === "partial" ? "partial or held" : k === "running" ? "open or cancelled" : k)), h("span", { class: "quiet" }, "height: how long it took, by tens")));
}

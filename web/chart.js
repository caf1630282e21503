// Charts, drawn by hand: an axis, a few lines of a grid, and either lines or bars. A chart can be walked through with
// the arrow keys, and says what it shows as a table too.
import { h, s } from "./dom.js";
import { dayAndTime, tick } from "./format.js";

const LEFT = 56, RIGHT = 8, TOP = 8, BOTTOM = 22, HEIGHT = 168;

// A round number at or above it, in steps that people like.
function niceTop(value) {
  if (!(value > 0)) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 6, 8, 10].map((n) => n * size).find((n) => n >= value * 0.999);
}

function frame(width, from, to, top, format) {
  const x = (t) => LEFT + ((t - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (v) => TOP + (1 - v / top) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.5, 1].map((part) => [
    s("line", { class: part ? "grid" : "base", x1: LEFT, x2: width - RIGHT, y1: y(top * part), y2: y(top * part) }),
    s("text", { class: "tick", x: LEFT - 8, y: y(top * part) + 4, "text-anchor": "end" }, format(top * part)),
  ]);
  const ticks = Math.max(2, Math.min(6, Math.floor(width / 130)));
  const times = Array.from({ length: ticks + 1 }, (_, n) => from + ((to - from) * n) / ticks);
  const below = times.map((t, n) =>
    s("text", { class: "tick", x: x(t), y: HEIGHT - 5, "text-anchor": n === 0 ? "start" : n === ticks ? "end" : "middle" }, tick(t, to - from)));
  return { x, y, nodes: [grid, below] };
}

// Where nothing was measured the line is broken; a point alone is a dot.
function path(points, x, y) {
  const runs = [];
  let open = null;
  for (const [t, v] of points) {
    if (v === null) open = null;
    else if (open) open.push([x(t), y(v)]);
    else runs.push((open = [[x(t), y(v)]]));
  }
  return runs;
}

function drawLines({ series, from, to, format, most }, width) {
  const top = most ?? niceTop(Math.max(0, ...series.flatMap((one) => one.points.map(([, v]) => v ?? 0))));
  const { x, y, nodes } = frame(width, from, to, top, format);
  const lines = series.map((one) =>
    path(one.points, x, y).map((run) =>
      run.length > 1
        ? s("polyline", { class: `line ${one.kind}`, points: run.map((p) => p.map((n) => n.toFixed(1)).join(",")).join(" ") })
        : s("circle", { class: `point ${one.kind}`, cx: run[0][0], cy: run[0][1], r: 2.5 })));
  return { nodes: [nodes, lines], x };
}

function drawBars({ series, from, to, format }, width) {
  const columns = series[0].points.map(([t], n) => [t, series.map((one) => one.points[n][1] ?? 0)]);
  const top = niceTop(Math.max(2, ...columns.map(([, values]) => values.reduce((a, b) => a + b, 0))));
  const { x, y, nodes } = frame(width, from, to, top, format);
  const step = (width - LEFT - RIGHT) / columns.length, thick = Math.max(1, Math.min(22, step * 0.72));
  const bars = columns.flatMap(([t, values]) => {
    let below = 0;
    return values.map((v, n) => {
      below += v;
      return v ? s("rect", { class: `block ${series[n].kind}`, x: x(t) - thick / 2, width: thick, y: y(below), height: Math.max(1, y(below - v) - y(below)) }) : null;
    });
  });
  return { nodes: [nodes, bars], x };
}

const valueTexts = ({ series, format }, n) => series.map((one) => [one, one.points[n][1] === null ? "–" : format(one.points[n][1])]);

function asTable(chart) {
  const rows = chart.series[0].points.map(([t], n) => h("tr", {}, h("th", { scope: "row" }, dayAndTime(t)), valueTexts(chart, n).map(([, v]) => h("td", { class: "number" }, v))));
  return h("details", { class: "as-table" }, h("summary", {}, "As a table"),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${chart.title}, as a table` },
      h("table", { class: "plain-table" },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Time"), chart.series.map((one) => h("th", { scope: "col", class: "number" }, one.name)))),
        h("tbody", {}, rows))));
}

// chart: {title, summary, series: [{name, kind, points: [[ms, value or null]...]}], from, to, format, bars?, most?}
export function chartOf(chart) {
  const points = chart.series[0].points;
  const told = h("p", { class: "told", "aria-live": "polite" });
  const drawing = s("svg", { class: "chart", role: "img", tabindex: "0", "aria-label": `${chart.title}. ${chart.summary ?? ""} Arrow keys go through it.`, height: HEIGHT });
  const cross = s("line", { class: "cross", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  const legend = () => chart.series.map((one) => h("span", { class: `key ${one.kind}` }, one.name));
  let at = -1, xOf = () => 0;
  const point = (n) => {
    at = n;
    cross.setAttribute("visibility", n < 0 ? "hidden" : "visible");
    if (n < 0) return told.replaceChildren(...legend());
    cross.setAttribute("x1", xOf(points[n][0]));
    cross.setAttribute("x2", xOf(points[n][0]));
    told.replaceChildren(h("time", {}, dayAndTime(points[n][0])), ...valueTexts(chart, n).map(([one, v]) => h("span", { class: `key ${one.kind}` }, `${one.name} `, h("b", {}, v))));
  };
  const draw = (width) => {
    if (width < 60) return;
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const { nodes, x } = (chart.bars ? drawBars : drawLines)(chart, width);
    xOf = x;
    drawing.replaceChildren(...nodes.flat(Infinity).filter(Boolean), cross);
  };
  drawing.addEventListener("pointermove", (e) => {
    const { left, width } = drawing.getBoundingClientRect();
    const part = (((e.clientX - left) / width) * width - LEFT) / (width - LEFT - RIGHT);
    const t = chart.from + part * (chart.to - chart.from);
    point(points.reduce((best, [p], n) => (Math.abs(p - t) < Math.abs(points[best][0] - t) ? n : best), 0));
  });
  drawing.addEventListener("pointerleave", () => point(-1));
  drawing.addEventListener("blur", () => point(-1));
  drawing.addEventListener("keydown", (e) => {
    const to = { ArrowLeft: at < 0 ? points.length - 1 : Math.max(0, at - 1), ArrowRight: Math.min(points.length - 1, at + 1), Home: 0, End: points.length - 1, Escape: -1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    point(to);
  });
  new ResizeObserver(([entry]) => draw(Math.round(entry.contentRect.width))).observe(drawing);
  point(-1);
  return h("figure", { class: "panel chart-panel" },
    h("figcaption", {}, h("h2", {}, chart.title), chart.summary ? h("p", { class: "quiet" }, chart.summary) : null),
    drawing, told, asTable(chart));
}

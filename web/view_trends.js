// Rates and durations over time.
import { chartOf } from "./chart.js";
import { h } from "./dom.js";
import { count, duration, percent, plural, share } from "./format.js";
import { outcomes, percentile, runsSince, sorted, stretches, WINDOW_NAMES, WINDOWS } from "./history.js";
import { breakdowns } from "./metrics.js";
import { empty, heading, link } from "./parts.js";

const PARTS = { "1h": 30, "24h": 48, "7d": 42, "30d": 30 };
const middle = (p) => (p.from + p.to) / 2;

function windowChoice(chosen) {
  return h("nav", { class: "choice", "aria-label": "Time" },
    Object.keys(WINDOWS).map((w) => link(`/trends?window=${w}`, w)).map((a, n) => {
      if (Object.keys(WINDOWS)[n] === chosen) a.setAttribute("aria-current", "true");
      return a;
    }));
}

function outcomeChart(parts, time, runs) {
  const got = outcomes(runs), each = parts.map((p) => [middle(p), outcomes(p.runs)]);
  const series = (name, key, kind) => ({ name, kind, points: each.map(([t, o]) => [t, o[key]]) });
  return chartOf({
    title: "Runs by how they ended", bars: true, ...time, format: count,
    summary: `${share(got.succeeded, got.ended - got.other)} of ${plural(got.ended, "run")} succeeded, ${count(got.partial)} partial or held, ${count(got.failed)} failed.`,
    series: [series("succeeded", "succeeded", "c-main"), series("partial or held", "partial", "c-warn"), series("failed", "failed", "c-bad")],
  });
}

const range = (least, most) => (least === most ? `${percent(most)}, all the time.` : `Between ${percent(least)} and ${percent(most)}.`);

function rateChart(parts, time) {
  const points = parts.map((p) => {
    const o = outcomes(p.runs);
    return [middle(p), o.ended - o.other ? o.succeeded / (o.ended - o.other) : null];
  });
  const known = points.filter(([, v]) => v !== null).map(([, v]) => v);
  return chartOf({
    title: "Success rate", ...time, most: 1, format: (v) => percent(v), series: [{ name: "succeeded", kind: "c-main", points }],
    summary: known.length ? range(Math.min(...known), Math.max(...known)) : "",
  });
}

function durationChart(title, key, parts, time, runs) {
  const at = (p) => parts.map((part) => [middle(part), percentile(sorted(part.runs, key), p)]);
  const all = sorted(runs, key);
  return chartOf({
    title, ...time, format: duration,
    summary: all.length ? `Half within ${duration(percentile(all, 0.5))}, 95 % within ${duration(percentile(all, 0.95))}, 99 % within ${duration(percentile(all, 0.99))}.` : "",
    series: [
      { name: "50 %", kind: "c-main", points: at(0.5) },
      { name: "95 %", kind: "c-mid", points: at(0.95) },
      { name: "99 %", kind: "c-far", points: at(0.99) },
    ],
  });
}

export async function show(main, { search }, signal) {
  const name = WINDOWS[search.get("window")] ? search.get("window") : "24h";
  const place = h("div", {}), tables = h("div", {});
  main.append(heading("Trends", windowChoice(name)), place, tables);
  const to = Date.now(), from = to - WINDOWS[name], time = { from, to };
  const [{ runs, whole }] = await Promise.all([runsSince(from, signal), breakdowns(tables, name, signal)]);
  const parts = stretches(runs, from, to, PARTS[name]);
  if (!runs.length) return place.append(empty(`${WINDOW_NAMES[name]} had no run.`));
  place.append(
    whole ? "" : h("p", { class: "quiet" }, `The newest ${plural(runs.length, "run")}; there were more.`),
    h("div", { class: "charts" },
      outcomeChart(parts, time, runs), rateChart(parts, time),
      durationChart("Until the essential data were there", "essential_ms", parts, time, runs),
      durationChart("Whole run", "duration_ms", parts, time, runs)));
}

// Rates and durations over time.
import { api, ask, query } from "./api.js";
import { chartOf } from "./chart.js";
import { h } from "./dom.js";
import { count, duration, percent, plural, share } from "./format.js";
import { WINDOW_NAMES, WINDOWS } from "./history.js";
import { breakdowns } from "./metrics.js";
import { empty, heading, link } from "./parts.js";

const PARTS = { "1h": 30, "24h": 48, "7d": 42, "30d": 30 };

function windowChoice(chosen) {
  return h("nav", { class: "choice", "aria-label": "Time" },
    Object.keys(WINDOWS).map((w) => link(`/trends?window=${w}`, w)).map((a, n) => {
      if (Object.keys(WINDOWS)[n] === chosen) a.setAttribute("aria-current", "true");
      return a;
    }));
}

const ended = (o) => o.succeeded + o.partial + o.failed + o.cancelled;
const counted = (o) => ended(o) - o.cancelled;

function outcomeChart(parts, all, time) {
  const series = (name, key, kind) => ({ name, kind, points: parts.map((p) => [p.at, p[key]]) });
  return chartOf({
    title: "Runs by how they ended", bars: true, ...time, format: count,
    summary: `${share(all.succeeded, counted(all))} of ${plural(ended(all), "run")} succeeded, ${count(all.partial)} partial or held, ${count(all.failed)} failed.`,
    series: [series("succeeded", "succeeded", "c-main"), series("partial or held", "partial", "c-warn"), series("failed", "failed", "c-bad")],
  });
}

const range = (least, most) => (least === most ? `${percent(most)}, all the time.` : `Between ${percent(least)} and ${percent(most)}.`);

function rateChart(parts, time) {
  const points = parts.map((p) => [p.at, counted(p) ? p.succeeded / counted(p) : null]);
  const known = points.filter(([, v]) => v !== null).map(([, v]) => v);
  return chartOf({
    title: "Success rate", ...time, most: 1, format: (v) => percent(v), series: [{ name: "succeeded", kind: "c-main", points }],
    summary: known.length ? range(Math.min(...known), Math.max(...known)) : "",
  });
}

function durationChart(title, key, parts, all, time) {
  const at = (p) => parts.map((part) => [part.at, part[key]?.[p] ?? null]);
  const took = all[key];
  return chartOf({
    title, ...time, format: duration,
    summary: took ? `Half within ${duration(took.p50)}, 95 % within ${duration(took.p95)}, 99 % within ${duration(took.p99)}.` : "",
    series: [
      { name: "50 %", kind: "c-main", points: at("p50") },
      { name: "95 %", kind: "c-mid", points: at("p95") },
      { name: "99 %", kind: "c-far", points: at("p99") },
    ],
  });
}

// Counted where the runs are stored, so that it is of all of them.
export async function show(main, { search }, signal) {
  const name = WINDOWS[search.get("window")] ? search.get("window") : "24h";
  const place = h("div", {}), tables = h("div", {});
  main.append(heading("Trends", windowChoice(name)), place, tables);
  const [found] = await Promise.all([
    ask(`${api("metrics")}${query({ window: name, parts: PARTS[name], limit: 1 })}`, { signal }), breakdowns(tables, name, signal)]);
  const { all, parts } = found.over_time, half = WINDOWS[name] / PARTS[name] / 2;
  if (!ended(all)) return place.append(empty(`${WINDOW_NAMES[name]} had no run.`));
  const from = Date.parse(parts[0].from), time = { from, to: from + WINDOWS[name] };
  for (const part of parts) part.at = Date.parse(part.from) + half;
  place.append(
    h("div", { class: "charts" },
      outcomeChart(parts, all, time), rateChart(parts, time),
      durationChart("Until the essential data were there", "essential_ms", parts, all, time),
      durationChart("Whole run", "duration_ms", parts, all, time)));
}

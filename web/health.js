// How the host is, in one line; more only where something is wrong.
import { api, ask, has } from "./api.js";
import { every, h } from "./dom.js";
import { duration, plural } from "./format.js";
import { icon } from "./icons.js";
import { code, copyable, instant, link, note, quiet, runLink, tenantLink } from "./parts.js";

const WORDS = { healthy: "succeeded", degraded: "partial", unhealthy: "failed" };

function alertNote(a) {
  return note(a.severity === "critical" ? "bad" : "warn", a.text,
    h("p", { class: "quiet" }, "since ", instant(a.since), ` · ${a.pipeline}`,
      a.window_s ? ` · ${plural(a.runs, "run")} within ${duration(a.window_s * 1000)}` : ""),
    h("p", {}, link("/trends?window=1h", "What went wrong, and where")));
}

function stuckNote(stuck) {
  if (!stuck.length) return null;
  return note("warn", `${plural(stuck.length, "run")} ${stuck.length === 1 ? "does" : "do"} not get on`,
    h("ul", {}, stuck.slice(0, 8).map((r) => h("li", {}, tenantLink(r.tenant), ": ", runLink(r, r.why)))));
}

function heldNote(held, many) {
  if (!held.length) return null;
  return note("warn", `${plural(many, "held run")} ${many === 1 ? "waits" : "wait"} for a person`,
    h("p", {}, "More rows would be deleted than the guard lets through. Look at the upstream first; then approve, or mend it and run again."),
    h("ul", {}, held.slice(0, 8).map((r) => h("li", {}, tenantLink(r.tenant), ": ", runLink(r, r.why)))),
    many > 8 && h("p", {}, link("/runs?state=held", "All held runs")));
}

const staleNote = (stale) =>
  stale.map((x) => note("warn", `${x.manifest} is not what is served`, h("p", {}, x.why)));

const awayNote = (away) =>
  away.map((x) => note("warn", h("span", {}, "The backend ", code(x.backend), " takes no runs"),
    h("p", {}, x.why), h("p", { class: "quiet" }, `${x.pipeline} · ${x.code} · since `, instant(x.since))));

const sickNote = (sources) =>
  sources.filter((x) => x.sick).map((x) => note("warn", h("span", {}, "The source ", code(x.source), " fails or is slow"), h("p", { class: "quiet" }, x.pipeline)));

const adviceNote = (advice) =>
  advice.map((x) => note("info", h("span", {}, "Advice: run ", x.tenants.join(", "), " by ", code(x.backend)),
    h("p", {}, copyable(x.line)), h("p", { class: "quiet" }, x.pipeline, " · ", link("/host", "the figures behind it"))));

function draw(health) {
  const { running, queued } = health.runs;
  const line = h("p", { class: "health" },
    h("span", { class: `state ${WORDS[health.status]}` }, icon(WORDS[health.status]), health.status),
    quiet(`${plural(running, "run")} under way, ${queued} waiting for a place`));
  return [line, ...(health.alerts ?? []).map(alertNote), stuckNote(health.stuck), heldNote(health.held ?? [], health.runs.held), ...awayNote(health.host?.backends_away ?? []), ...sickNote(health.host?.sources ?? []), ...staleNote(health.stale ?? []), ...adviceNote(health.advice ?? [])].filter(Boolean);
}

// A host that has no such route says at least whether it takes requests.
async function ready(signal) {
  const answer = await fetch("readyz", { signal, cache: "no-store" });
  const { status } = await answer.json();
  return [h("p", { class: "health" }, h("span", { class: `state ${answer.ok ? "succeeded" : "failed"}` }, icon(answer.ok ? "succeeded" : "failed"), answer.ok ? "ready" : "not ready"),
    quiet(answer.ok ? "The host takes requests and its store answers." : status))];
}

// Drawn anew only where something is different: who reads it is not disturbed.
export async function healthPanel(place, signal) {
  if (!has("/api/sync/health"))
    return every(10000, signal, async () => place.replaceChildren(...(await ready(signal).catch(() => []))));
  let shown = "";
  await every(5000, signal, async () => {
    const health = await ask(api("health"), { signal });
    const text = JSON.stringify(health);
    if (text !== shown) place.replaceChildren(...draw(health));
    shown = text;
  });
}

// Where tenants should run, by the history: backends side by side, who is over a threshold, and what moving has gained.
import { api, askIfAllowed, has } from "./api.js";
import { h } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { copyable, quiet, section, table, tenantLink } from "./parts.js";

const p95 = (took) => duration(took?.p95);
const rate = (value) => (value === null || value === undefined ? "–" : percent(value));
const change = (pair, as) => `${as(pair.before)} → ${as(pair.after)}`;

const backendTable = (all) =>
  table("Backends side by side", [
    { name: "Backend", cell: (b) => b.backend },
    { name: "Runs", number: true, cell: (b) => count(b.runs) },
    { name: "Succeeded", number: true, cell: (b) => rate(b.success_rate) },
    { name: "Essential, 95 %", number: true, cell: (b) => p95(b.essential_ms) },
    { name: "Whole run, 95 %", number: true, cell: (b) => p95(b.duration_ms) },
    { name: "Requests", number: true, cell: (b) => count(b.requests) },
    { name: "Retries", number: true, cell: (b) => count(b.retries) },
  ], all, { emptyText: "No tenant has had a run yet." });

const tenantTable = (all) =>
  table("Tenants over a threshold, or moved", [
    { name: "Tenant", cell: (t) => tenantLink(t.tenant) },
    { name: "Backend", cell: (t) => t.backend },
    { name: "Over", wide: true, cell: (t) => (t.over.length ? t.over.map((o) => o.text).join(", ") : "nothing") },
  ], all);

const gainTable = (g) =>
  table(`Moved from ${g.from} to ${g.to}`, [
    { name: "Tenant", cell: (t) => tenantLink(t.tenant) },
    { name: "Succeeded", number: true, cell: (t) => change(t.success_rate, percent) },
    { name: "Essential, 95 %", number: true, cell: (t) => change(t.essential_p95_ms, duration) },
    { name: "Whole run, 50 %", number: true, cell: (t) => change(t.duration_p50_ms, duration) },
    { name: "Whole run, 95 %", number: true, cell: (t) => change(t.duration_p95_ms, duration) },
  ], g.tenants);

const move = (m) =>
  h("p", {}, `${m.tenants.join(", ")} to ${m.backend}: `, copyable(m.line), m.rule ? quiet(` in rule ${m.rule}`) : quiet(" under routing.rules"));

const titled = (title, ...parts) => h("div", {}, h("h3", { class: "day" }, title), ...parts);

const days = (report) => Math.round(report.window_s / 86400);

const report = (r) =>
  section(`Where the tenants of ${r.pipeline} run`,
    h("p", { class: "quiet" }, `By the runs of ${days(r)} days${r.complete ? "" : ", the newest of them"}. What nothing else takes goes to ${r.default}.`),
    backendTable(r.backends),
    r.tenants.length ? titled("Tenants that are over a threshold, or moved", tenantTable(r.tenants)) : null,
    r.moves.length ? titled("What moves those that are over one", ...r.moves.map(move)) : null,
    ...r.gained.map((g) => titled(`What moving from ${g.from} to ${g.to} has gained`, gainTable(g))));

export async function advicePanel(place, signal) {
  if (!has("/api/sync/advice")) return;
  const found = await askIfAllowed(api("advice"), { signal });
  if (found) place.replaceChildren(...found.advice.map(report));
}

// The same figures that /api/sync/metrics gives to programs: by domain, phase, backend and tenant, and what went wrong.
import { api, ask, has, query } from "./api.js";
import { h } from "./dom.js";
import { count, duration, percent } from "./format.js";
import { code, section, table, tenantLink } from "./parts.js";

const took = (row) => row.duration_ms ?? row.background_ms ?? row.essential_ms ?? {};
const of = (key) => (row) => duration(took(row)[key]);

const columns = (name, cell) => [
  { name, cell },
  { name: "Runs", number: true, cell: (r) => count(r.runs) },
  { name: "Succeeded", number: true, cell: (r) => (r.success_rate === null ? "–" : percent(r.success_rate)) },
  { name: "Failed", number: true, cell: (r) => (r.failed ? h("span", { class: "dot k-refused" }, count(r.failed)) : h("span", { class: "nil" }, "0")) },
  { name: "Average", number: true, cell: of("average") },
  { name: "50 %", number: true, cell: of("p50") },
  { name: "95 %", number: true, cell: of("p95") },
  { name: "99 %", number: true, cell: of("p99") },
  { name: "Requests", number: true, cell: (r) => count(r.requests) },
  { name: "Retries", number: true, cell: (r) => count(r.retries) },
];

const LISTS = [
  ["domains", "domain", "By domain"],
  ["phases", "phase", "By phase"],
  ["backends", "backend", "By backend"],
  ["pipelines", "pipeline", "By pipeline"],
  ["tenants", "tenant", "By tenant"],
];

export async function breakdowns(place, window, signal) {
  if (!has("/api/sync/metrics")) return;
  const all = await ask(`${api("metrics")}${query({ window, limit: 20 })}`, { signal });
  if (!all.total.runs) return;
  if (all.errors.length)
    place.append(section("What went wrong", table("Errors", [
      { name: "Code", cell: (e) => code(e.code) },
      { name: "Runs", number: true, cell: (e) => count(e.runs) },
    ], all.errors)));
  for (const [list, key, title] of LISTS) {
    const rows = all[list] ?? [];
    if (rows.length > (key === "pipeline" ? 1 : 0))
      place.append(section(title, table(title, columns(key[0].toUpperCase() + key.slice(1), key === "tenant" ? (r) => tenantLink(r.tenant) : (r) => r[key]), rows)));
  }
}

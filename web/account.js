// The account of a run: what was read is one of these, and the sum is proven.
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { table } from "./parts.js";
import { count, plural } from "./format.js";

// In the order of the equation. [key, what people call it, class of its colour]
export const KINDS = [
  ["inserted", "new", "k-new"],
  ["updated", "changed", "k-changed"],
  ["unchanged", "same", "k-same"],
  ["deleted", "deleted", "k-deleted"],
  ["deferred", "waiting", "k-waiting"],
  ["rejected", "refused", "k-refused"],
];

export function total(streams) {
  const out = { rows: 0 };
  for (const c of Object.values(streams ?? {})) {
    out.rows += c.rows;
    for (const [key] of KINDS) out[key] = (out[key] ?? 0) + c[key];
  }
  return out;
}

// The account after a stage has got on.
export function withStage(run, stage) {
  const stages = (run.stages ?? []).filter((s) => s.stage !== stage.stage).concat(stage).sort((a, b) => (a.stage < b.stage ? -1 : 1));
  const streams = {};
  for (const s of stages)
    for (const [name, c] of Object.entries(s.streams)) streams[name] = streams[name] ? added(streams[name], c) : c;
  return { ...run, stages, streams };
}
const added = (a, b) =>
  Object.fromEntries(Object.entries(a).map(([key, v]) =>
    [key, typeof v === "boolean" ? v && b[key] : typeof v === "object" ? added(v, b[key]) : v + b[key]]));

function strip(counts) {
  return h("span", { class: "strip", "aria-hidden": "true" },
    KINDS.filter(([key]) => counts[key] > 0).map(([key, , kind]) => h("span", { class: kind, css: { "flex-grow": counts[key] } })));
}

const figure = (n, kind) => (n ? h("span", { class: kind && `dot ${kind}` }, count(n)) : h("span", { class: "nil" }, "0"));

function equation(sum, balances) {
  const parts = KINDS.filter(([key]) => sum[key] > 0).map(([key, name]) => `${count(sum[key])} ${name}`);
  return h("p", { class: `equation ${balances ? "good" : "bad"}` },
    icon(balances ? "succeeded" : "failed"),
    `${plural(sum.rows, "row")} = ${parts.join(" + ") || "0"} `,
    h("span", { class: "quiet" }, balances ? "adds up" : "does not add up"));
}

// Beside the equation: what came to rest in this run, and what a sweep took.
function apart(streams) {
  const sum = { resolved: 0, swept: 0, stale: 0, duplicate: 0 };
  for (const c of Object.values(streams)) {
    sum.resolved += c.resolved.inserted + c.resolved.updated + c.resolved.unchanged;
    for (const key of ["swept", "stale", "duplicate"]) sum[key] += c[key];
  }
  const words = [
    sum.resolved && `${count(sum.resolved)} waiting rows found their parent`,
    sum.swept && `${count(sum.swept)} swept away, since no read brought them any more`,
    sum.stale && `${count(sum.stale)} older than what was stored`,
    sum.duplicate && `${count(sum.duplicate)} came twice`,
  ].filter(Boolean);
  return words.length ? h("p", { class: "quiet" }, `Apart from that: ${words.join("; ")}.`) : null;
}

export function streamsTable(run) {
  const streams = Object.entries(run.streams ?? {});
  if (!streams.length) return h("p", { class: "empty" }, "No rows yet.");
  const shown = table("Rows of each stream", [
    { name: "Stream", cell: ([name, c]) => h("span", { class: "with-strip" }, name, strip(c)) },
    { name: "Rows", number: true, cell: ([, c]) => count(c.rows) },
    ...KINDS.map(([key, name, kind]) => ({ name: name[0].toUpperCase() + name.slice(1), number: true, cell: ([, c]) => figure(c[key], kind) })),
  ], streams);
  const balances = streams.every(([, c]) => c.balances);
  return h("div", { class: "account" }, shown, equation(total(run.streams), balances), apart(run.streams));
}

export function recordsTable(run) {
  return table("Records of each stage", [
    { name: "Stage", cell: (s) => s.stage },
    { name: "Read as", cell: (s) => s.read || (s.suspect ? "suspect: it brought nothing" : "full") },
    { name: "Pages", number: true, cell: (s) => count(s.pages) },
    { name: "Records", number: true, cell: (s) => count(s.records.read) },
    { name: "Mapped", number: true, cell: (s) => figure(s.records.mapped) },
    { name: "Filtered", number: true, cell: (s) => figure(s.records.filtered) },
    { name: "Refused", number: true, cell: (s) => figure(s.records.rejected, "k-refused") },
  ], run.stages ?? [], { emptyText: "No stages yet." });
}

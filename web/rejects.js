// What was refused: first the reasons, each with how often; then the records themselves.
import { h } from "./dom.js";
import { button, code, dialog, empty, facts, instant, runLink, table, tenantLink } from "./parts.js";
import { count } from "./format.js";
import { pretty } from "./pretty.js";

// The same reason with other values is one reason.
const shapeOf = (reason) => reason.replace(/"[^"]*"|`[^`]*`|'[^']*'|\b\d[\d.:TZ-]*\b/g, "…");

function groups(rejects) {
  const found = new Map();
  for (const r of rejects) {
    const key = [r.stage, r.stream, r.field, shapeOf(r.reason)].join("\n");
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(r);
  }
  return [...found.values()].sort((a, b) => b.length - a.length);
}

export function openReject(r) {
  dialog("A refused record",
    h("p", { class: "lead" }, r.field ? code(r.field) : "The record", ` ${r.reason}`),
    facts([
      ["Tenant", tenantLink(r.tenant)],
      ["Stage", r.stage],
      ["Stream", r.stream || "none: the record could not be read"],
      ["Key", r.key && code(r.key)],
      ["Page", r.record === null ? count(r.page) : `${count(r.page)}, record ${count(r.record + 1)}`],
      ["When", instant(r.at)],
      ["Run", runLink(r, code(r.run_id))],
    ]),
    r.raw ? h("pre", { tabindex: "0", "aria-label": "The record as it came" }, pretty(r.raw)) : empty("The record itself was not kept."));
}

export function rejectGroups(rejects, { withTenant = true } = {}) {
  if (!rejects.length) return empty("Nothing was refused.");
  return h("div", { class: "groups" }, groups(rejects).map((all) => {
    const first = all[0];
    const columns = [
      { name: "Key", cell: (r) => button(r.key || `record ${count((r.record ?? 0) + 1)} of page ${count(r.page)}`, () => openReject(r), { class: "link" }) },
      withTenant && { name: "Tenant", cell: (r) => r.tenant },
      { name: "Reason", wide: true, cell: (r) => r.reason },
      { name: "When", number: true, cell: (r) => instant(r.at) },
    ].filter(Boolean);
    const box = h("details", { class: "group" },
      h("summary", {},
        h("span", { class: "number" }, count(all.length)),
        h("span", {}, first.field ? code(first.field) : "record", ` ${all.length > 1 ? shapeOf(first.reason) : first.reason}`),
        h("span", { class: "quiet" }, first.stage)));
    box.addEventListener("toggle", () => box.open && box.children.length === 1 &&
      box.append(table(`Refused: ${first.field} ${shapeOf(first.reason)}`, columns, all.slice(0, 200)),
        all.length > 200 ? h("p", { class: "quiet" }, "The first 200 of them.") : ""));
    return box;
  }));
}

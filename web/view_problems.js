// What could not be taken, and what still waits for the row that it refers to.
import { api, ask, query } from "./api.js";
import { h } from "./dom.js";
import { count } from "./format.js";
import { code, empty, heading, instant, section, table, tenantLink } from "./parts.js";
import { rejectGroups } from "./rejects.js";

function filters(search) {
  const form = h("form", { class: "filters", role: "search" },
    h("label", { class: "field" }, h("span", {}, "Tenant"), h("input", { name: "tenant", value: search.get("tenant") ?? "", autocomplete: "off", spellcheck: "false", autocapitalize: "none" })),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "all", value: "true", checked: search.get("all") === "true" }), "older runs too"),
    h("button", { type: "submit" }, "Show"));
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    location.hash = `#/problems${query(Object.fromEntries(new FormData(form)))}`;
  });
  return form;
}

function waitingGroups(rows) {
  if (!rows.length) return empty("No row waits.");
  const found = new Map();
  for (const r of rows) {
    const key = `${r.stream} → ${r.parent_stream}`;
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(r);
  }
  return h("div", { class: "groups" }, [...found].sort((a, b) => b[1].length - a[1].length).map(([key, all]) =>
    h("details", { class: "group" },
      h("summary", {}, h("span", { class: "number" }, count(all.length)), h("span", {}, code(all[0].stream), ` waits for its ${all[0].reference}`), h("span", { class: "quiet" }, key)),
      table(`Waiting: ${key}`, [
        { name: "Row", cell: (r) => code(r.key) },
        { name: "Waits for", cell: (r) => code(r.parent_key) },
        { name: "Tenant", cell: (r) => tenantLink(r.tenant) },
        { name: "Since", number: true, cell: (r) => instant(r.first_seen_at) },
        { name: "Refused after", number: true, cell: (r) => instant(r.expires_at) },
      ], all.slice(0, 200)))));
}

const capped = (n) => (n >= 1000 ? `the first ${count(n)}` : count(n));

export async function show(main, { search }, signal) {
  const place = h("div", {});
  main.append(heading("Refused and waiting"), filters(search), place);
  const tenant = search.get("tenant") ?? "";
  const [{ rejects }, { deferred }] = await Promise.all([
    ask(`${api("rejects")}${query({ tenant, all: search.get("all"), limit: 1000 })}`, { signal }),
    ask(`${api("deferred")}${query({ tenant, limit: 1000 })}`, { signal }),
  ]);
  place.append(
    section(`Refused: ${capped(rejects.length)}`, h("p", { class: "quiet" }, search.get("all") === "true" ? "By any run that is kept." : "By each tenant's newest run. Mend the mapping or the upstream, then read them again."), rejectGroups(rejects)),
    section(`Waiting: ${capped(deferred.length)}`, h("p", { class: "quiet" }, "Rows whose parent has not come yet. They are written by themselves as soon as it does."), waitingGroups(deferred)));
}

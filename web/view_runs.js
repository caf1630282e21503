// All runs, the newest first.
import { api, ask, query } from "./api.js";
import { h } from "./dom.js";
import { duration } from "./format.js";
import { button, heading, runColumns, table } from "./parts.js";
import { startDialog } from "./start.js";

const STATES = ["", "queued", "running", "succeeded", "partial", "held", "failed", "cancelled"];

export const durations = [
  { name: "Essential", number: true, cell: (r) => duration(r.essential_ms) },
  { name: "Took", number: true, cell: (r) => duration(r.duration_ms) },
];

function filters(given) {
  const input = (name, label) => h("label", { class: "field" }, h("span", {}, label), h("input", { name, value: given.get(name) ?? "", autocomplete: "off", spellcheck: "false", autocapitalize: "none" }));
  const choose = h("select", { name: "state" }, STATES.map((x) => h("option", { value: x, selected: x === (given.get("state") ?? "") }, x || "any state")));
  const form = h("form", { class: "filters", role: "search" }, input("tenant", "Tenant"), input("pipeline", "Pipeline"), input("backend", "Backend"),
    h("label", { class: "field" }, h("span", {}, "State"), choose), h("button", { type: "submit" }, "Show"));
  const go = () => (location.hash = `#/runs${query(Object.fromEntries(new FormData(form)))}`);
  form.addEventListener("submit", (e) => (e.preventDefault(), go()));
  choose.addEventListener("change", go);
  return form;
}

export async function show(main, { search }, signal) {
  const list = h("div", {}), more = h("div", { class: "actions" });
  main.append(heading("Runs", button("Start a sync", () => startDialog(search.get("tenant") ?? ""), { class: "main", icon: "plus" })), filters(search), list, more);
  const shown = [];
  const load = async (cursor) => {
    const page = await ask(`${api("runs")}${query({ ...Object.fromEntries(search), limit: 50, cursor })}`, { signal });
    shown.push(...page.runs);
    list.replaceChildren(table("Runs, the newest first", [...runColumns(), ...durations], shown, { emptyText: "No such runs." }));
    more.replaceChildren(...(page.next_cursor ? [button("Older runs", (e) => ((e.currentTarget.disabled = true), load(page.next_cursor)))] : []));
  };
  await load();
}

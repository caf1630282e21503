// Whom the store knows, and what has become of one of them.
import { api, ask, askIfAllowed, query } from "./api.js";
import { h } from "./dom.js";
import { ago, dayOf, duration, plural, share } from "./format.js";
import { outcomes, percentile, sorted } from "./history.js";
import { button, empty, figure, heading, instant, link, runColumns, section, table, tenantLink } from "./parts.js";
import { routingTable } from "./routing.js";
import { startDialog } from "./start.js";
import { timeline } from "./timeline.js";
import { durations } from "./view_runs.js";

export async function show(main, _, signal) {
  const list = h("div", {});
  const search = h("input", { type: "search", autocomplete: "off", spellcheck: "false", autocapitalize: "none" });
  main.append(heading("Tenants"), h("form", { class: "filters", role: "search", on: { submit: (e) => e.preventDefault() } }, h("label", { class: "field" }, h("span", {}, "Find"), search)), list);
  const { tenants } = await ask(api("tenants"), { signal });
  const draw = () => {
    const wanted = tenants.filter((t) => t.tenant.includes(search.value.trim()));
    list.replaceChildren(
      table("Tenants", [
        { name: "Tenant", cell: (t) => tenantLink(t.tenant) },
        { name: "Seen last", number: true, cell: (t) => h("span", {}, ago(t.seen_at)) },
        { name: "Seen first", number: true, cell: (t) => instant(t.first_seen_at) },
      ], wanted.slice(0, 500), { emptyText: tenants.length ? "No such tenant." : "No tenant has been synced yet." }),
      wanted.length > 500 ? h("p", { class: "quiet" }, `The first 500 of ${plural(wanted.length, "tenant")}.`) : "");
  };
  search.addEventListener("input", draw);
  draw();
}

function byDay(runs) {
  const days = new Map();
  for (const r of runs) {
    const day = dayOf(r.created_at);
    if (!days.has(day)) days.set(day, []);
    days.get(day).push(r);
  }
  return [...days].map(([day, all]) => h("div", {}, h("h3", { class: "day" }, day), table(`Runs of ${day}`, [...runColumns(false), ...durations], all)));
}

function figures(runs) {
  const got = outcomes(runs);
  return h("dl", { class: "figures" },
    figure("Runs looked at", runs.length, "the newest"),
    figure("Succeeded", share(got.succeeded, got.ended - got.other), got.failed ? plural(got.failed, "failure") : "no failure"),
    figure("Essential data there", duration(percentile(sorted(runs, "essential_ms"), 0.95)), "95 % of runs"),
    figure("Whole run", duration(percentile(sorted(runs, "duration_ms"), 0.95)), "95 % of runs"));
}

export async function showOne(main, { params: [tenant] }, signal) {
  const routes = h("div", {}), body = h("div", {});
  main.append(heading(tenant, link(`/problems${query({ tenant })}`, "Refused and waiting"), button("Start a sync", () => startDialog(tenant), { class: "main", icon: "plus" })), body, routes);
  const [{ runs }, routing] = await Promise.all([
    ask(`${api("runs")}${query({ tenant, limit: 200 })}`, { signal }),
    askIfAllowed(`${api("routing")}${query({ tenant })}`, { signal }),
  ]);
  if (runs.length) body.append(figures(runs), section("History", timeline(runs, `The last ${plural(runs.length, "run")} of ${tenant}`)));
  if (routing) routes.append(section("Where its runs go", routingTable(routing.routing)));
  routes.append(section("Runs", runs.length ? byDay(runs.slice(0, 60)) : empty("It has had no run yet.")));
}

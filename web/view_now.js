// What is going on at this moment.
import { api, ask, follow, query } from "./api.js";
import { every, h, keep, say } from "./dom.js";
import { count, duration, plural, scope, share } from "./format.js";
import { healthPanel } from "./health.js";
import { button, empty, figure, heading, instant, runColumns, runLink, section, state, table, tenantLink } from "./parts.js";
import { lastTime, stageBars } from "./stages.js";
import { startDialog } from "./start.js";

const STREAMS = 3; // a browser has six connections to a host; the rest of the page needs some
const CARDS = 12;

// A run as it gets on. The first few are told by the host, the others are asked for.
function card(run, signal, told) {
  const bars = stageBars(), leave = new AbortController();
  signal.addEventListener("abort", () => leave.abort());
  const age = h("span", { class: "age" }), word = h("span", {}, state(run.state));
  const node = h("article", { class: "panel live", "aria-label": `Run of ${run.tenant}` },
    h("header", {}, word, tenantLink(run.tenant), runLink(run, scope(run.scope)), h("span", { class: "quiet" }, run.pipeline, " · ", run.backend), age),
    bars.node);
  const show = (r) => {
    bars.show(r);
    word.replaceChildren(state(r.state));
  };
  const look = () => ask(api("runs", run.run_id), { signal: leave.signal }).then(show);
  lastTime(run, leave.signal).then(bars.guess).then(look).catch(() => leave.signal.aborted); // it is asked for again soon
  if (told)
    follow(run.run_id, leave.signal, (kind, data) => {
      if (kind === "stage") bars.stage(data);
      else word.replaceChildren(state(data.state));
      if (kind === "end") say(`The run of ${run.tenant} ended: ${data.state}`);
    }).catch(() => leave.signal.aborted); // the list of runs shows the same problem
  return Object.assign(node, { look: told ? null : look, leave: () => leave.abort(), tick: () => (age.textContent = duration(Date.now() - Date.parse(run.created_at))) });
}

async function openRuns(signal) {
  const lists = await Promise.all(["running", "queued"].map((s) => ask(`${api("runs")}?state=${s}&limit=100`, { signal })));
  return lists.flatMap((l) => l.runs);
}

function drawLive(place, title, runs, signal) {
  title.textContent = runs.length ? `Under way: ${runs.length > 99 ? "100 or more" : runs.length}` : "Under way";
  const shown = runs.slice(0, CARDS);
  for (const node of [...place.children]) if (!shown.some((r) => r.run_id === node.dataset.key)) node.leave?.();
  let streams = [...place.children].filter((n) => n.leave && !n.look).length;
  keep(place, shown, (r) => r.run_id, (r) => card(r, signal, streams++ < STREAMS), (node) => {
    node.tick();
    node.look?.().catch(() => signal.aborted); // the next look comes in a moment
  });
  if (!runs.length) place.append(empty("No run is open."));
  else if (runs.length > CARDS) place.append(h("p", { class: "quiet" }, `and ${plural(runs.length - CARDS, "more run")}`));
}

const within = (half) => (half === undefined ? "no run to measure" : `95 % of runs; half within ${duration(half)}`);

// Of all runs that ended, however many: the store counts them.
function figures(all) {
  const counted = all.succeeded + all.partial + all.failed;
  const wait = all.essential_ms ?? {}, run = all.duration_ms ?? {};
  return [
    figure("Ended in the last hour", count(counted + all.cancelled), all.failed ? plural(all.failed, "failure") : "no failure"),
    figure("Succeeded", share(all.succeeded, counted), all.partial ? `${plural(all.partial, "run")} partial or held` : "none of them partial"),
    figure("Essential data there", duration(wait.p95), within(wait.p50)),
    figure("Whole run", duration(run.p95), within(run.p50)),
  ];
}

export async function show(main, _, signal) {
  const health = h("div", {}), row = h("dl", { class: "figures" }), live = h("div", { class: "cards" }), title = h("h2", {});
  const late = h("div", {});
  main.append(heading("Now", button("Start a sync", () => startDialog(), { class: "main", icon: "plus" })), health, row,
    h("section", { "aria-label": "Under way" }, title, live), section("Ended last", late));
  const lately = every(15000, signal, async () => {
    const found = await ask(`${api("metrics")}${query({ window: "1h", parts: 1, limit: 1 })}`, { signal });
    row.replaceChildren(...figures(found.over_time.all));
  });
  let ids = null;
  const moving = every(2000, signal, async () => {
    drawLive(live, title, await openRuns(signal), signal);
    const { runs } = await ask(`${api("runs")}?limit=40`, { signal });
    const ended = runs.filter((r) => r.ended_at).slice(0, 10);
    const now = ended.map((r) => r.run_id).join();
    if (now === ids) return;
    ids = now;
    late.replaceChildren(table("Runs that ended last", [...runColumns().slice(0, -1),
      { name: "Took", number: true, cell: (r) => duration(r.duration_ms) }, { name: "Ended", number: true, cell: (r) => instant(r.ended_at) }],
    ended, { emptyText: "No run has ended yet." }));
  });
  await Promise.all([healthPanel(health, signal), lately, moving]);
}

// One run: how far it is, what it did, what it could not take.
import { recordsTable, streamsTable, withStage } from "./account.js";
import { api, ask, askIfAllowed, follow, query } from "./api.js";
import { every, h, say } from "./dom.js";
import { duration, scope } from "./format.js";
import { button, code, copyable, facts, heading, instant, note, problemPanel, quiet, runLink, section, state, tenantLink } from "./parts.js";
import { rejectGroups } from "./rejects.js";
import { lastTime, stageBars } from "./stages.js";

function essential(run) {
  const e = run.essential;
  if (!e.over) return e.deadline_ms ? `not yet; the deadline is ${duration(e.deadline_ms)}` : "not yet";
  const late = e.deadline_missed ? `, later than ${duration(e.deadline_ms)}` : "";
  return `${duration(run.essential_ms)}${late}`;
}

function about(run, age) {
  return facts([
    ["Tenant", tenantLink(run.tenant)],
    ["Scope", scope(run.scope)],
    ["Pipeline", run.pipeline],
    ["Mode", run.mode],
    ["Began", instant(run.created_at)],
    ["Essential data there", essential(run)],
    ["Took", run.ended_at ? duration(run.duration_ms) : age],
    ["Backend", h("span", {}, run.backend, " ", quiet(run.route_reason))],
    ["Repeats", run.retry_of && runLink({ run_id: run.retry_of }, run.retry_of)],
    ["Correlation id", copyable(run.correlation_id)],
  ]);
}

const fresh = (run) =>
  run.left_out?.length ? h("p", { class: "quiet" }, "Fresh enough to be left out: ", run.left_out.join(", "), ".") : null;

function notes(run) {
  return [
    run.error && note("bad", `${run.error.code} ${run.error.message}`),
    run.stuck && note("warn", "This run does not get on", h("p", {}, run.stuck)),
    run.state === "held" && note("warn", "Deletes wait for a person", h("p", {}, "More rows than the guard allows would go. Look at the upstream first; approving deletes those that nothing has brought since.")),
    ...(run.stages ?? []).filter((s) => s.error).map((s) => note("bad", `${s.stage}: ${s.error.code}`, h("p", {}, s.error.message))),
  ].filter(Boolean);
}

const RETRIED = ["partial", "failed", "cancelled", "held"];
function actions(run, wrong, reload) {
  const act = (text, what, done, props, body) =>
    button(text, async (e) => {
      const at = e.currentTarget;
      at.disabled = true;
      try {
        done(await ask(`${api("runs", run.run_id)}/${what}`, { method: "POST", body }));
      } catch (problem) {
        wrong.replaceChildren(problemPanel(problem));
        at.disabled = false;
      }
    }, props);
  // Where every stage is complete nothing is missing: rows were refused, wait or are held.
  const missing = (run.stages ?? []).some((s) => s.state !== "complete");
  const open = (started) => (location.hash = `#/runs/${encodeURIComponent(started.run_id)}`);
  return [
    !run.ended_at && act("Cancel", "cancel", reload),
    run.state === "held" && act("Approve the deletes", "approve", reload),
    RETRIED.includes(run.state) && act(missing ? "Read again what is missing" : "Read all again", "retry", open, { class: "main" }, { all: !missing }),
  ].filter(Boolean);
}

async function refused(run, place, signal) {
  const any = (run.stages ?? []).some((s) => s.records.rejected || Object.values(s.streams).some((c) => c.rejected));
  if (!any) return place.replaceChildren();
  const found = await askIfAllowed(`${api("rejects")}${query({ run: run.run_id, limit: 1000 })}`, { signal });
  const title = found ? `Refused: ${found.rejects.length < 1000 ? found.rejects.length : "1,000 or more"}` : "Refused";
  place.replaceChildren(section(title, found ? rejectGroups(found.rejects, { withTenant: false }) : h("p", { class: "empty" }, "To see them needs a token with the scope ", code("data:read"), ".")));
}

export async function show(main, { params: [id] }, signal) {
  let run = await ask(api("runs", id), { signal });
  const head = h("div", {}), wrong = h("div", {}), account = h("div", {}), rejects = h("div", {}), age = h("span", { class: "age" });
  const bars = stageBars();
  const drawAccount = () => account.replaceChildren(section("Rows", streamsTable(run), fresh(run)), section("Records", recordsTable(run)));
  const draw = () => {
    const title = heading(`${run.tenant}, ${scope(run.scope)}`, ...actions(run, wrong, reload));
    head.replaceChildren(title, h("p", { class: "lead" }, state(run.state), " ", quiet(code(run.run_id))), ...notes(run), about(run, age));
    drawAccount();
    bars.show(run);
  };
  const reload = async () => {
    run = await ask(api("runs", id), { signal });
    draw();
    await refused(run, rejects, signal);
  };
  main.append(head, wrong, section("Stages", bars.node), rejects, account);
  draw();
  const more = [refused(run, rejects, signal)];
  if (!run.ended_at) {
    more.push(lastTime(run, signal).then(bars.guess));
    every(1000, signal, () => (age.textContent = duration(Date.now() - Date.parse(run.created_at))));
    more.push(follow(id, signal, (kind, data) => {
      if (kind === "stage") {
        bars.stage(data);
        run = withStage(run, data);
        return drawAccount();
      }
      head.querySelector(".lead .state").replaceWith(state(data.state));
      say(`The run is ${data.state}`);
    }).then(() => (signal.aborted ? null : reload())));
  }
  await Promise.all(more);
}

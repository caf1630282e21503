// A bar for each stage of a run. Nobody knows how much an upstream will send; what the same stage read last time is
// the best guess there is, and is shown as one.
import { api, ask, query } from "./api.js";
import { h, keep } from "./dom.js";
import { icon } from "./icons.js";
import { count, duration, plural } from "./format.js";

// Stage to records of the newest complete run of the same kind.
export async function lastTime(run, signal) {
  const found = {};
  try {
    const { runs } = await ask(`${api("runs")}${query({ tenant: run.tenant, pipeline: run.pipeline, state: "succeeded", limit: 5 })}`, { signal });
    const like = runs.find((r) => r.scope === run.scope && r.run_id !== run.run_id);
    if (!like) return found;
    const before = await ask(api("runs", like.run_id), { signal });
    for (const s of before.stages) if (s.state === "complete") found[s.stage] = s.records.read;
  } catch (e) {
    if (signal.aborted) throw e; // without a guess the bars only show that something moves
  }
  return found;
}

const isOver = (s) => s.state === "complete" || s.state === "failed" || s.state === "cancelled";

// 0 to 1, or null: not known.
function progress(stage, expected) {
  if (stage.state === "complete") return 1;
  if (stage.state === "pending") return 0;
  const items = stage.items.done + stage.items.open;
  if (expected > 0) return Math.min(0.97, stage.records.read / expected);
  if (items > 1) return Math.min(0.97, stage.items.done / items);
  return isOver(stage) ? 0.5 : null;
}

function figures(stage, expected) {
  const read = stage.records.read;
  const of = !isOver(stage) && expected > read ? ` of about ${count(expected)}` : "";
  const parts = [`${count(read)}${of}`];
  if (stage.records.rejected) parts.push(`${count(stage.records.rejected)} refused`);
  if (isOver(stage) && stage.duration_ms !== null) parts.push(duration(stage.duration_ms));
  else if (stage.pages) parts.push(plural(stage.pages, "page"));
  return parts;
}

function makeRow(stage) {
  return h("li", { class: "stage" },
    h("span", { class: "name" }, stage.stage),
    h("span", { class: "bar", role: "progressbar", "aria-label": stage.stage, "aria-valuemin": 0, "aria-valuemax": 100 },
      h("span", { class: "fill" }), h("span", { class: "fill refused" })),
    h("span", { class: "mark" }),
    h("span", { class: "amounts" }));
}

function updateRow(row, stage, expected) {
  const [, bar, mark, text] = row.children;
  const part = progress(stage, expected);
  row.className = `stage ${stage.state}${stage.suspect ? " suspect" : ""}`;
  bar.classList.toggle("unknown", part === null);
  if (part === null) bar.removeAttribute("aria-valuenow");
  else bar.setAttribute("aria-valuenow", Math.round(part * 100));
  const parts = figures(stage, expected);
  bar.setAttribute("aria-valuetext", `${stage.state}, ${parts.join(", ")}`);
  const refused = stage.records.read ? stage.records.rejected / stage.records.read : 0;
  bar.children[0].style.setProperty("--part", part ?? 1);
  bar.children[1].style.setProperty("--part", refused * (part ?? 0));
  bar.style.setProperty("--whole", part ?? 0);
  mark.replaceChildren(icon(stage.state));
  text.replaceChildren(...parts.map((p) => h("span", {}, p)));
  if (stage.error) row.title = `${stage.error.code} ${stage.error.message}`;
}

// {node, show(receipt), stage(one)}: shown whole, or stage by stage as they come.
export function stageBars(expected = {}) {
  const node = h("ol", { class: "stages", "aria-label": "Stages" });
  const all = new Map();
  const draw = () => keep(node, [...all.values()], (x) => x.stage, makeRow, (row, x) => updateRow(row, x, expected[x.stage]));
  return {
    node,
    guess(more) {
      expected = more;
      draw();
    },
    stage(one) {
      all.set(one.stage, { ...all.get(one.stage), ...one });
      draw();
    },
    show(receipt) {
      for (const one of receipt.stages ?? []) all.set(one.stage, one);
      draw();
    },
  };
}

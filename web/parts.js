// What several views are made of.
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { dayAndTime, scope, time } from "./format.js";

export const link = (to, ...children) => h("a", { href: `#${to}` }, ...children);
export const runLink = (run, ...children) => link(`/runs/${encodeURIComponent(run.run_id)}`, ...children);
export const tenantLink = (tenant) => link(`/tenants/${encodeURIComponent(tenant)}`, tenant);
export const state = (word) => h("span", { class: `state ${word}` }, icon(word), word);
export const instant = (t) => (t ? h("time", { datetime: t, title: dayAndTime(t) }, time(t)) : "–");
export const quiet = (...children) => h("span", { class: "quiet" }, ...children);
export const empty = (text) => h("p", { class: "empty" }, text);
export const code = (text) => h("code", {}, text);

export function heading(title, ...actions) {
  document.title = `${title} · sluice`;
  return h("header", { class: "top" }, h("h1", { tabindex: "-1" }, title), h("div", { class: "actions" }, ...actions));
}

export const section = (title, ...children) =>
  h("section", { "aria-label": title }, h("h2", {}, title), ...children);

export const button = (text, click, props = {}) =>
  h("button", { type: "button", ...props, on: { click } }, props.icon ? icon(props.icon) : null, text);

// columns: {name, cell(row), number?, wide?}. On a narrow page each row is a card with the names before its figures.
export function table(caption, columns, rows, { emptyText = "Nothing here.", rowClass = () => null } = {}) {
  if (!rows.length) return empty(emptyText);
  const head = columns.map((c) => h("th", { role: "columnheader", scope: "col", class: c.number && "number" }, c.name));
  const line = (row) =>
    h("tr", { role: "row", class: rowClass(row) },
      columns.map((c, n) => {
        const props = { role: n ? "cell" : "rowheader", "data-name": c.name, class: [c.number && "number", c.wide && "wide"].filter(Boolean).join(" ") || null };
        return h(n ? "td" : "th", n ? props : { ...props, scope: "row" }, c.cell(row));
      }));
  return h("table", { role: "table" },
    h("caption", { class: "unseen" }, caption),
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)),
    h("tbody", { role: "rowgroup" }, rows.map(line)));
}

export const runColumns = (withTenant = true) => [
  { name: "State", cell: (r) => runLink(r, state(r.state)) },
  withTenant && { name: "Tenant", cell: (r) => tenantLink(r.tenant) },
  { name: "Scope", wide: true, cell: (r) => scope(r.scope) },
  { name: "Pipeline", cell: (r) => r.pipeline },
  { name: "Backend", cell: (r) => r.backend },
  { name: "Began", number: true, cell: (r) => instant(r.created_at) },
].filter(Boolean);

export const facts = (pairs) =>
  h("dl", { class: "facts" },
    pairs.filter(([, v]) => v !== null && v !== undefined && v !== "").map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

export const figure = (name, value, note) =>
  h("div", { class: "figure" }, h("dt", {}, name), h("dd", {}, value), note ? h("dd", { class: "quiet" }, note) : null);

export function problemPanel(problem) {
  return h("div", { class: "note bad", role: "alert" },
    icon("warning"),
    h("div", {},
      h("p", {}, problem.message),
      problem.next ? h("p", {}, problem.next) : null,
      problem.code ? h("p", { class: "quiet" }, problem.code, problem.correlationId ? ` · ${problem.correlationId}` : "") : null));
}

export const note = (kind, title, ...more) =>
  h("div", { class: `note ${kind}` }, icon("warning"), h("div", {}, h("p", {}, h("strong", {}, title)), ...more));

// A window above the page; the browser keeps the focus inside and gives it back.
export function dialog(title, ...content) {
  const close = () => box.close();
  const box = h("dialog", { "aria-labelledby": "dialog-title" },
    h("header", { class: "top" }, h("h2", { id: "dialog-title" }, title),
      h("button", { type: "button", class: "plain", "aria-label": "Close", on: { click: close } }, icon("close"))),
    ...content);
  box.addEventListener("close", () => box.remove());
  box.addEventListener("click", (e) => e.target === box && close());
  document.body.append(box);
  box.showModal();
  return box;
}

export function copyable(text) {
  const copy = async (e) => {
    const at = e.currentTarget;
    await navigator.clipboard?.writeText(text);
    at.setAttribute("aria-label", "Copied");
    at.classList.add("done");
  };
  return h("span", { class: "copyable" }, code(text),
    h("button", { type: "button", class: "plain", "aria-label": `Copy ${text}`, on: { click: copy } }, icon("copy")));
}

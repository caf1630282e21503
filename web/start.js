// The window that starts a run, and the list of what the host serves for it.
import { api, ask } from "./api.js";
import { h } from "./dom.js";
import { dialog, problemPanel } from "./parts.js";

function field(label, input, hint) {
  const told = hint && h("p", { class: "hint", id: `hint-${input.name}` }, hint);
  if (told) input.setAttribute("aria-describedby", told.id);
  return h("div", {}, h("label", { class: "field" }, h("span", {}, label), input), told);
}

export function startDialog(tenant = "") {
  const input = (name, more = {}) => h("input", { name, autocomplete: "off", spellcheck: "false", autocapitalize: "none", maxlength: 256, ...more });
  const wrong = h("div", { class: "wrong" });
  const form = h("form", { class: "form" },
    field("Tenant", input("tenant", { required: true, value: tenant })),
    field("User", input("subject"), "Only for a sign-in: this user first, the rest of the tenant beside it."),
    field("Pipeline", input("pipeline"), "Only where several are served."),
    h("label", { class: "check" }, h("input", { type: "checkbox", name: "full" }), "Read everything, what is fresh too"),
    wrong,
    h("div", { class: "actions" }, h("button", { type: "submit", class: "main" }, "Start")));
  const box = dialog("Start a sync", form);
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const given = new FormData(form), body = {};
    for (const key of ["subject", "pipeline"]) if (given.get(key).trim()) body[key] = given.get(key).trim();
    if (given.get("full")) body.mode = "full";
    form.querySelector("button").disabled = true;
    try {
      const started = await ask(api("tenants", given.get("tenant").trim(), "runs"), { method: "POST", body });
      box.close();
      location.hash = `#/runs/${encodeURIComponent((started.subject ?? started.tenant).run_id)}`;
    } catch (problem) {
      wrong.replaceChildren(problemPanel(problem));
    } finally {
      form.querySelector("button").disabled = false;
    }
  });
}

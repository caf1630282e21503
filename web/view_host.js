// The host itself: what is installed, whether its manifests are good.
import { advicePanel } from "./advice.js";
import { api, ask, askIfAllowed, has } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { button, code, empty, heading, note, problemPanel, section, table } from "./parts.js";

function pluginTable(plugins) {
  return table("Plugins", [
    { name: "Plugin", cell: (p) => p.name },
    { name: "Version", number: true, cell: (p) => p.version },
    { name: "SDK", number: true, cell: (p) => p.sdk },
    { name: "Offers", wide: true, cell: (p) => (p.components ?? []).map((c) => `${c.kind} ${c.name}`).join(", ") || "–" },
    { name: "What it is", wide: true, cell: (p) => p.description },
    { name: "State", cell: (p) => (p.broken || p.problems?.length ? h("span", { class: "state failed" }, icon("failed"), p.problems.map((x) => x.code).join(" ") || "broken") : h("span", { class: "state succeeded" }, icon("succeeded"), "good")) },
  ], plugins);
}

function checked(answer) {
  return answer.manifests.map((m) =>
    h("div", {},
      h("p", { class: "lead" }, h("span", { class: `state ${m.good ? "succeeded" : "failed"}` }, icon(m.good ? "succeeded" : "failed"), m.pipeline),
        " ", h("span", { class: "quiet" }, !m.good ? "its file is wrong; what is served is the one before" : m.same_as_served ? "its file is what is served" : "its file is good and newer than what is served: read it again")),
      m.diagnostics.map((d) => note(d.severity === "warning" ? "warn" : "bad", `${d.code} ${d.message}`, h("p", { class: "quiet" }, code(`${d.line ?? "?"}:${d.column ?? "?"}`), ` ${d.path ?? ""}`), d.help ? h("p", {}, d.help) : null))));
}

function manifests() {
  const told = h("div", { "aria-live": "polite" });
  const act = (text, what, show) =>
    button(text, async (e) => {
      const at = e.currentTarget;
      at.disabled = true;
      try {
        told.replaceChildren(...show(await ask(api("manifest", what), { method: "POST" })));
      } catch (problem) {
        told.replaceChildren(problemPanel(problem));
      } finally {
        at.disabled = false;
      }
    });
  const reloaded = (a) => [
    h("p", {}, `Served: ${a.pipelines.join(", ")}.`),
    ...a.stale.map((x) => note("warn", `${x.manifest} stays as it was`, h("p", {}, x.why))),
  ];
  const again = has("/api/sync/manifest/reload") ? act("Read them again", "reload", reloaded)
    : h("span", { class: "quiet" }, "They are read again by ", code("sluice reload"), ", on the host's machine");
  return section("Manifests", h("div", { class: "actions" }, act("Check the files", "check", checked), again), told);
}

export async function show(main, _, signal) {
  const plugins = h("div", {}), advice = h("div", {});
  main.append(heading("Host"), section("Plugins", plugins), manifests(), advice);
  const [found] = await Promise.all([askIfAllowed(api("plugins"), { signal }), advicePanel(advice, signal)]);
  plugins.replaceChildren(found ? pluginTable(found.plugins) : empty("To see them needs a token for all tenants with the scope manifest:read."));
}

// Who are you? A token, tried before it is kept.
import { ask, session } from "./api.js";
import { h } from "./dom.js";

export function show(root, begin, why) {
  document.title = "Sign in · sluice";
  const input = h("input", { id: "token", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "token-hint token-wrong" });
  const wrong = h("p", { id: "token-wrong", class: "wrong", role: "alert" }, why);
  const form = h("form", { class: "form" },
    h("label", { class: "field", for: "token" }, h("span", {}, "Token"), input),
    wrong,
    h("button", { type: "submit", class: "main" }, "Sign in"));
  form.addEventListener("submit", async (e) => {
    e.preventDefault();
    const token = input.value.trim();
    wrong.textContent = "";
    try {
      await ask("openapi.json", { token });
      session.begin(token);
      await begin(true);
    } catch (problem) {
      wrong.textContent = problem.status === 401 ? "This token is not valid now." : problem.message;
      input.select();
    }
  });
  root.replaceChildren(h("main", { id: "main", class: "lonely" },
    h("p", { class: "brand" }, h("img", { src: "web/mark.svg", alt: "", width: 32, height: 32 }), "sluice"),
    h("h1", { class: "unseen" }, "Sign in"),
    form,
    h("p", { id: "token-hint", class: "quiet" }, "It is kept for this tab alone. Whoever runs the host makes one with ", h("code", {}, "sluice token create"), ".")));
  input.focus();
}

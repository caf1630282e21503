// The frame around the views: who is signed in, where one is, and how it looks.
import { ask, knows, session } from "./api.js";
import { h, say } from "./dom.js";
import { icon } from "./icons.js";
import { button, empty, link, problemPanel } from "./parts.js";
import * as signIn from "./view_sign_in.js";
import * as now from "./view_now.js";
import * as runs from "./view_runs.js";
import * as run from "./view_run.js";
import * as tenants from "./view_tenants.js";
import * as problems from "./view_problems.js";
import * as trends from "./view_trends.js";
import * as host from "./view_host.js";

const VIEWS = [
  [/^\/$/, now.show],
  [/^\/runs$/, runs.show],
  [/^\/runs\/([^/]+)$/, run.show],
  [/^\/tenants$/, tenants.show],
  [/^\/tenants\/([^/]+)$/, tenants.showOne],
  [/^\/problems$/, problems.show],
  [/^\/trends$/, trends.show],
  [/^\/host$/, host.show],
];
const PLACES = [
  ["/", "now", "Now"],
  ["/runs", "runs", "Runs"],
  ["/tenants", "tenants", "Tenants"],
  ["/problems", "problems", "Refused"],
  ["/trends", "trends", "Trends"],
  ["/host", "host", "Host"],
];

const root = document.getElementById("app");
let leave = new AbortController();
let main = null;

// Light, dark, or as the machine has it.
const THEMES = ["auto", "light", "dark"];
function theme(name) {
  if (name) localStorage.setItem("sluice.theme", name);
  const chosen = localStorage.getItem("sluice.theme") ?? "auto";
  document.documentElement.dataset.theme = chosen;
  return chosen;
}

function themeButton() {
  const label = () => `Colours: ${theme()}`;
  const at = button(label(), () => {
    theme(THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]);
    at.lastChild.textContent = label();
  }, { class: "plain", icon: "theme" });
  return at;
}

function frame() {
  main = h("main", { id: "main", tabindex: "-1" });
  const places = PLACES.map(([to, name, text]) => h("li", {}, h("a", { href: `#${to}` }, icon(name), h("span", {}, text))));
  const skip = h("a", { class: "skip", href: "#main", on: { click: (e) => (e.preventDefault(), main.focus()) } }, "Skip to what this page shows");
  const away = h("p", { id: "away", class: "note warn", hidden: true }, icon("warning"), h("span", {}, "The host does not answer. What you see may be old; it is asked again."));
  root.replaceChildren(skip,
    h("div", { class: "frame" },
      h("aside", { class: "side" },
        h("p", { class: "brand" }, h("img", { src: "web/mark.svg", alt: "", width: 24, height: 24 }), "sluice"),
        h("nav", { "aria-label": "Places" }, h("ul", {}, places)),
        h("div", { class: "foot" }, themeButton(), button("Sign out", session.end, { class: "plain", icon: "leave" }))),
      h("div", { class: "body" }, away, main)));
}

function markPlace(path) {
  for (const a of root.querySelectorAll("nav li a")) {
    const to = a.getAttribute("href").slice(1);
    const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
    if (here) a.setAttribute("aria-current", "page");
    else a.removeAttribute("aria-current");
  }
}

// From one place to another the focus goes along; a page that was just opened begins at its top.
async function go(moved) {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const [path, search = ""] = (location.hash.slice(1) || "/").split("?");
  const [pattern, show] = VIEWS.find(([p]) => p.test(path)) ?? [];
  main.replaceChildren();
  for (const box of document.querySelectorAll("dialog")) box.close();
  markPlace(path);
  scrollTo(0, 0);
  if (!show) return main.append(empty("There is nothing at this address."), link("/", "What is going on now"));
  try {
    const view = show(main, { params: pattern.exec(path).slice(1).map(decodeURIComponent), search: new URLSearchParams(search) }, signal);
    if (moved) main.querySelector("h1")?.focus({ preventScroll: true });
    say(document.title);
    await view;
  } catch (problem) {
    if (signal.aborted) return;
    if (!main.querySelector("h1")) main.append(h("h1", { tabindex: "-1" }, "This can't be shown"));
    main.append(problemPanel(problem));
  }
}

async function begin(moved) {
  theme();
  try {
    knows((await ask("openapi.json")).paths); // any token may; it also says what this host can be asked
  } catch (problem) {
    if (problem.status !== 401) return signIn.show(root, begin, problem.message);
    return;
  }
  frame();
  await go(moved);
}

addEventListener("hashchange", () => main && go(true));
document.addEventListener("signed-out", () => {
  leave.abort();
  main = null;
  signIn.show(root, begin, "");
});
document.addEventListener("reached", ({ detail: good }) => {
  const away = document.getElementById("away");
  if (away) away.hidden = good;
});

theme();
if (session.token) begin(false);
else signIn.show(root, begin, "");

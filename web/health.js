// How the host is, in one line; more only where something is wrong.
import { every, h } from "./dom.js";
import { icon } from "./icons.js";

const WORDS = { ready: ["succeeded", "The host takes requests and its store answers."] };

export const healthPanel = (place, signal) =>
  every(10000, signal, async () => {
    const answer = await fetch("readyz", { signal, cache: "no-store" }).catch(() => null);
    if (signal.aborted) return;
    const { status } = answer ? await answer.json() : { status: "the host does not answer" };
    const [word, text] = WORDS[status] ?? ["failed", `Not ready: ${status}.`];
    place.replaceChildren(h("p", { class: "health" }, h("span", { class: `state ${word}` }, icon(word), word === "succeeded" ? "ready" : "not ready"), h("span", { class: "quiet" }, text)));
  });

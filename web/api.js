// What asks the host. The token is kept for this tab alone, and ends with it.
import { wait } from "./dom.js";

const KEY = "sluice.token";

export const session = {
  get token() {
    return sessionStorage.getItem(KEY) ?? "";
  },
  begin: (token) => sessionStorage.setItem(KEY, token),
  end() {
    sessionStorage.removeItem(KEY);
    document.dispatchEvent(new Event("signed-out"));
  },
};

// An answer that is none: application/problem+json, or no answer at all (status 0).
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? "the host gave no reason");
    Object.assign(this, { status, code: body.code ?? "", next: body.next ?? "", correlationId: body.correlation_id ?? "" });
  }
}

const reached = (good) => document.dispatchEvent(new CustomEvent("reached", { detail: good }));

async function send(path, { method = "GET", body, signal, headers = {}, token = session.token } = {}) {
  const fields = { Authorization: `Bearer ${token}`, ...headers };
  if (body !== undefined) fields["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method, signal, headers: fields, cache: "no-store", credentials: "omit", redirect: "error",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (e) {
    if (signal?.aborted) throw e;
    reached(false);
    throw new Problem(0, { detail: "The host does not answer." });
  }
  reached(true);
  if (answer.ok) return answer;
  const problem = new Problem(answer.status, await answer.json().catch(() => ({})));
  if (answer.status === 401 && token === session.token) session.end();
  throw problem;
}

export async function ask(path, options) {
  return (await send(path, options)).json();
}

// The same, or null where the token may not ask for it, or the host does not know it.
export async function askIfAllowed(path, options) {
  try {
    return await ask(path, options);
  } catch (e) {
    if (e instanceof Problem && (e.status === 403 || e.status === 404)) return null;
    throw e;
  }
}

export const query = (values) => {
  const given = Object.entries(values).filter(([, v]) => v !== undefined && v !== null && v !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};
export const api = (...parts) => `api/sync/${parts.map(encodeURIComponent).join("/")}`;

// {type, data, id, retry} of a stream of server-sent events, as they come.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      const event = {};
      for (const line of text.slice(0, end).split("\n")) {
        const colon = line.indexOf(": ");
        if (colon > 0) event[line.slice(0, colon)] = line.slice(colon + 2);
      }
      yield event;
    }
  }
}

// Tells what a run does until it has ended. EventSource can't send a token, so this reads the stream itself; what
// breaks off is gone on with where it was, at whatever host answers.
export async function follow(runId, signal, tell) {
  let last = "", pause = 2000;
  while (!signal.aborted) {
    try {
      const answer = await send(`${api("runs", runId)}/events`, { signal, headers: last ? { "Last-Event-ID": last } : {} });
      for await (const event of events(answer.body)) {
        if (event.retry) pause = Number(event.retry) || pause;
        if (event.id) last = event.id;
        if (event.event) tell(event.event, JSON.parse(event.data));
        if (event.event === "end") return;
      }
    } catch (e) {
      if (signal.aborted) return;
      if (e instanceof Problem && e.status >= 400 && e.status < 500) throw e;
    }
    await wait(pause, signal);
  }
}

// What this host can be asked, from its own description.
let paths = {};
export const knows = (all) => (paths = all);
export const has = (path) => path in paths;

// Figures and instants as people read them.
const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium" });

export const count = (n) => whole.format(n);
export const rough = (n) => short.format(n);
export const share = (part, of) => (of > 0 ? percent(part / of) : "–");
// 99.96 % must not read as 100 %.
export function percent(ratio) {
  const p = ratio * 100;
  if (Number.isInteger(p)) return `${p} %`;
  return p > 99 ? `${(Math.floor(p * 100) / 100).toFixed(2)} %` : `${p.toFixed(1)} %`;
}

export function duration(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return s % 60 < 1 ? `${Math.floor(s / 60)} min` : `${Math.floor(s / 60)} min ${Math.floor(s % 60)} s`;
  return s < 86400 ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min` : `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

const isToday = (t) => new Date(t).toDateString() === new Date().toDateString();
export const time = (t) => (t ? (isToday(t) ? clock.format(new Date(t)) : `${day.format(new Date(t))}, ${minute.format(new Date(t))}`) : "–");
export const dayAndTime = (t) => (t ? full.format(new Date(t)) : "–");
export const tick = (t, span) => (span > 2 * 86400e3 ? day : span < 900e3 ? clock : minute).format(new Date(t));
export const dayOf = (t) => (isToday(t) ? "Today" : day.format(new Date(t)));

export function ago(t) {
  const s = Math.max(0, (Date.now() - new Date(t)) / 1000);
  if (s < 45) return "just now";
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  return s < 129600 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86400)} days ago`;
}

export const scope = (text) => (text === "tenant" ? "whole tenant" : text.startsWith("subject:") ? `user ${text.slice(8)}` : text);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

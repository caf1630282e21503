// Windows of time, and what a list of runs comes to.
export const WINDOWS = { "1h": 3600e3, "24h": 86400e3, "7d": 7 * 86400e3, "30d": 30 * 86400e3 };
export const WINDOW_NAMES = { "1h": "The last hour", "24h": "The last 24 hours", "7d": "The last 7 days", "30d": "The last 30 days" };

// By nearest rank: a value that was really there.
export function percentile(sorted, p) {
  return sorted.length ? sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] : null;
}
export const sorted = (runs, key) => runs.map((r) => r[key]).filter((ms) => ms !== null && ms !== undefined).sort((a, b) => a - b);

export function outcomes(runs) {
  const out = { succeeded: 0, partial: 0, failed: 0, other: 0, ended: 0 };
  for (const r of runs) {
    if (!r.ended_at) continue;
    ++out.ended;
    if (r.state === "succeeded") ++out.succeeded;
    else if (r.state === "partial" || r.state === "held") ++out.partial;
    else if (r.state === "failed") ++out.failed;
    else ++out.other;
  }
  return out;
}

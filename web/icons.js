// Small drawings, all in the colour of the text around them. Nothing is said by colour alone.
import { s } from "./dom.js";

const LINES = {
  now: "M3 12h4l2.500-7 5 14 2.500-7h4",
  runs: "M4 6h16M4 12h16M4 18h10",
  tenants: "M4 20V9l8-5 8 5v11M9 20v-6h6v6M2.500 20h19",
  problems: "M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.2",
  trends: "M4 4v16h16M7.500 15l4-5 3.500 3 4.500-6.500",
  host: "M4 5h16v6H4zM4 13h16v6H4zM7.500 8h.01M7.500 16h.01",
  succeeded: "M4.500 12.500 10 18 19.500 6.500",
  complete: "M4.500 12.500 10 18 19.500 6.500",
  partial: "M5 12h14",
  held: "M8.500 5v14M15.500 5v14",
  failed: "M6 6l12 12M18 6 6 18",
  cancelled: "M5 19 19 5M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  running: "M7 5l12 7-12 7z",
  queued: "M12 7v5.500l3.500 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  pending: "M12 7v5.500l3.500 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18",
  warning: "M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.2",
  close: "M6 6l12 12M18 6 6 18",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9",
  leave: "M10 4H4v16h6M14 8l4 4-4 4M18 12H9",
  plus: "M12 5v14M5 12h14",
};

export const icon = (name) =>
  s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: LINES[name] ?? LINES.warning }));

// Which backend a tenant's runs go to, and the rule that says so.
import { h } from "./dom.js";
import { table } from "./parts.js";

export const routingTable = (routes) =>
  table("Routing", [
    { name: "Pipeline", cell: (r) => r.pipeline },
    { name: "Backend", cell: (r) => r.backend ?? "none" },
    { name: "Because", wide: true, cell: (r) => h("span", {}, r.reason) },
  ], routes, { emptyText: "No pipeline of this host knows it." });

#include "server/routes.hpp"

#include <array>

#include "server/api.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

json text() { return {{"type", "string"}, {"maxLength", 256}, {"pattern", without_controls}}; }
json limit() { return {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}; }
json state() {
  return {{"type", "string"},
          {"enum", {"queued", "running", "succeeded", "partial", "held", "failed", "cancelled"}}};
}

json object(json properties) {
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

json start_body() {
  return object({{"subject", {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}}},
                 {"mode", {{"type", "string"}, {"enum", {"auto", "full"}}}},
                 {"pipeline", {{"type", "string"}, {"minLength", 1}, {"maxLength", 64}}}});
}
json retry_body() { return object({{"all", {{"type", "boolean"}}}}); }

constexpr std::array<query_parameter, 6> runs_query{{
    {"tenant", "only of this tenant", text},
    {"state", "only in this state", state},
    {"backend", "only by this backend", text},
    {"pipeline", "only of this pipeline", text},
    {"cursor", "`next_cursor` of the page before", text},
    {"limit", "at most so many; 50 by default", limit},
}};

json yes() { return {{"type", "string"}, {"enum", {"true", "false"}}}; }
constexpr query_parameter of_tenant{"tenant", "only of this tenant", text};
constexpr query_parameter at_most{"limit", "at most so many; 50 by default", limit};
constexpr std::array<query_parameter, 4> rejects_query{{
    of_tenant,
    {"run", "only of this run; else of each tenant's newest one that has ended", text},
    {"all", "`true`: of all runs", yes},
    at_most,
}};
json window() { return {{"type", "string"}, {"enum", {"5m", "15m", "1h", "6h", "24h", "7d", "30d"}}}; }
json parts() { return {{"type", "integer"}, {"minimum", 1}, {"maximum", 100}}; }
constexpr std::array<query_parameter, 6> metrics_query{{
    of_tenant,
    {"pipeline", "only of this pipeline", text},
    {"backend", "only by this backend", text},
    {"window", "how far back; 15m by default", window},
    {"parts", "the window over time too, in so many parts: `over_time`", parts},
    {"limit", "at most so many tenants; 50 by default", limit},
}};
constexpr std::array<query_parameter, 2> list_query{{of_tenant, at_most}};
constexpr std::array<query_parameter, 1> tenant_query{{of_tenant}};
json name() {
  return {{"type", "string"}, {"minLength", 1}, {"maxLength", 256}, {"pattern", without_controls}};
}
constexpr std::array<query_parameter, 1> whose_query{{{"tenant", "whose runs", name, true}}};

json days() { return {{"type", "integer"}, {"minimum", 1}, {"maximum", 366}}; }
constexpr std::array<query_parameter, 2> advice_query{
    {of_tenant, {"days", "how far back; 28 by default", days}}};

constexpr unsigned ok[] = {200};
constexpr unsigned accepted[] = {202};
constexpr unsigned ok_or_accepted[] = {200, 202};
constexpr std::span<const query_parameter> none{};

constexpr route table[] = {
    {"GET", "/livez", right::anybody, reach::host, "livez", "Whether the process lives", nullptr, none,
     "Status", ok, &api::livez},
    {"GET", "/readyz", right::anybody, reach::host, "readyz",
     "Whether this host takes requests: not while it stops, nor while its store is away", nullptr, none,
     "Status", ok, &api::readyz},
    {"GET", "/", right::anybody, reach::host, "dashboard",
     "The dashboard. It holds no data: it asks this API, with the token of whoever signs in", nullptr, none,
     "Page", ok, &api::dashboard},
    {"GET", "/web/{file}", right::anybody, reach::host, "dashboardFile", "What the dashboard consists of",
     nullptr, none, "File", ok, &api::dashboard_file},
    {"GET", "/openapi.json", right::known, reach::host, "openapi", "This description", nullptr, none, "Any",
     ok, &api::describe},
    {"POST", "/api/sync/tenants/{tenant}/runs", right::start, reach::tenant, "startRun",
     "Starts or joins the run of a tenant; with a subject, that of the subject and that of the rest of its "
     "tenant. With "
     "`Prefer: wait=N` it is answered when what is essential is over, or after N seconds",
     start_body, none, "Started", ok_or_accepted, &api::start_run},
    {"GET", "/api/sync/runs", right::read, reach::list, "listRuns", "Runs, the newest first", nullptr,
     runs_query, "RunList", ok, &api::list_runs},
    {"GET", "/api/sync/runs/{run_id}", right::read, reach::object, "showRun",
     "One run with its stages and counts", nullptr, none, "Run", ok, &api::show_run},
    {"POST", "/api/sync/runs/{run_id}/cancel", right::control, reach::object, "cancelRun",
     "Ends an open run: 202 when its holder was asked to, 200 when it is cancelled", nullptr, none, "Run",
     ok_or_accepted, &api::cancel_run},
    {"POST", "/api/sync/runs/{run_id}/retry", right::start, reach::object, "retryRun",
     "A new run of what that one did not complete; with `all`, of all that it was to read", retry_body, none,
     "Run", accepted, &api::retry_run},
    {"POST", "/api/sync/runs/{run_id}/approve", right::control, reach::object, "approveRun",
     "Deletes what a held run has held and nothing has brought since", nullptr, none, "Run", ok,
     &api::approve_run},
    {"GET", "/api/sync/runs/{run_id}/events", right::read, reach::object, "runEvents",
     "The run as it gets on, as server-sent events `run`, `stage` and `end`, until it has ended. With "
     "`Last-Event-ID` from "
     "there on, at any host",
     nullptr, none, "Events", ok, &api::run_events},
    {"GET", "/api/sync/rejects", right::inspect, reach::list, "listRejects",
     "What could not be taken, and why", nullptr, rejects_query, "RejectList", ok, &api::list_rejects},
    {"GET", "/api/sync/deferred", right::inspect, reach::list, "listDeferred",
     "Rows that wait for the row that they refer to", nullptr, list_query, "DeferredList", ok,
     &api::list_deferred},
    {"GET", "/api/sync/tenants", right::read, reach::list, "listTenants", "Tenants that the store knows",
     nullptr, tenant_query, "TenantList", ok, &api::list_tenants},
    {"GET", "/api/sync/advice", right::read, reach::list, "showAdvice",
     "Which tenants are over a threshold, how backends compare, what moving a tenant has gained, and the "
     "line of the "
     "manifest that does it",
     nullptr, advice_query, "AdviceList", ok, &api::show_advice},
    {"GET", "/api/sync/routing", right::read, reach::list, "showRouting",
     "Which backend runs of a tenant go to, and why", nullptr, whose_query, "Routing", ok,
     &api::show_routing},
    {"GET", "/api/sync/metrics", right::read, reach::list, "showMetrics",
     "How often runs that ended in a window went well, how long they took, and what went wrong: in all, and "
     "by "
     "pipeline, backend, domain, phase and tenant; the same from every host",
     nullptr, metrics_query, "Metrics", ok, &api::show_metrics},
    {"GET", "/api/sync/health", right::read, reach::list, "showHealth",
     "Healthy, degraded or unhealthy, and why: runs that are open, stuck or held, alerts, sources, manifests",
     nullptr, tenant_query, "Health", ok, &api::show_health},
    {"GET", "/metrics", right::read, reach::host, "exposition", "Counters and gauges, for Prometheus",
     nullptr, none, "Exposition", ok, &api::expose},
    {"GET", "/api/sync/plugins", right::manifest, reach::host, "listPlugins",
     "What is installed on this host", nullptr, none, "PluginList", ok, &api::list_plugins},
    {"POST", "/api/sync/manifest/check", right::manifest, reach::host, "checkManifests",
     "Whether the files of the manifests that are served are good, with all that is wrong", nullptr, none,
     "ManifestCheck", ok, &api::check_manifests},
    {"POST", "/api/sync/manifest/reload", right::admin, reach::host, "reloadManifests",
     "Reads the manifests again, as SIGHUP does; one that is wrong stays as it was and is listed as stale",
     nullptr, none, "Reloaded", ok, &api::reload_manifests},
};

}  // namespace

std::string_view to_string(right r) {
  constexpr std::string_view names[] = {"",           "",          "sync:start",    "run:read",
                                        "run:cancel", "data:read", "manifest:read", "admin"};
  return names[static_cast<std::size_t>(r)];
}

std::span<const route> routes() { return table; }

}  // namespace sluice::server

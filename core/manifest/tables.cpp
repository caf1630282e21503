#include "manifest/tables.hpp"

namespace sluice::manifest {
namespace {

constexpr double second = 1e6, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
using enum field_type;

}  // namespace

const field* shape::find(std::string_view key) const {
  for (const field& f : fields) {
    if (f.key == key) return &f;
  }
  return nullptr;
}

const shape manifest_shape{
    .name = "manifest",
    .about = "The whole file.",
    .fields = {
        {.key = "sluice", .type = integer, .about = "The version of this format: 1.", .required = true},
        {.key = "name", .type = name, .about = "Names the pipeline; rows remember it as their origin.",
         .required = true},
        {.key = "store", .type = mapping, .about = "Where rows, checkpoints and runs live.", .required = true,
         .inner = &store_shape},
        {.key = "tenants", .type = special, .about = "The customers whose data are synced: id → settings.",
         .required = true, .inner = &tenants_shape},
        {.key = "sources", .type = named, .about = "The systems that are read.", .required = true,
         .inner = &source_shape},
        {.key = "domains", .type = named, .about = "The kinds of data, each with the reads that feed it.",
         .required = true, .inner = &domain_shape},
        {.key = "phases", .type = mapping, .about = "What is synced at a sign-in, and what after it.",
         .required = true, .inner = &phases_shape},
        {.key = "every", .type = duration,
         .about = "Besides sign-ins, tenants seen before are synced this often, with jitter.", .least = 10 * second,
         .most = 30 * day},
        {.key = "backends", .type = named, .about = "What sequences the steps of a run.", .required = true,
         .inner = &backend_shape},
        {.key = "routing", .type = mapping, .about = "Which backend a run goes to.", .inner = &routing_shape},
        {.key = "alerts", .type = list, .about = "When somebody is told.", .inner = &alert_shape},
        {.key = "notify", .type = list, .about = "Who is told.", .inner = &notification_shape},
    }};

const shape store_shape{
    .name = "store",
    .about = "One host has one store: manifests that name different ones are refused.",
    .fields = {
        {.key = "uses", .type = choice, .about = "The database.", .required = true,
         .choices = {"sqlite", "postgres"}},
        {.key = "path", .type = text, .about = "sqlite: the file, made when it is not there."},
        {.key = "dsn", .type = text, .about = "postgres: how to connect. Secret.", },
        {.key = "pool", .type = integer, .about = "postgres: connections.", .fallback = "8", .least = 1, .most = 128},
        {.key = "schema", .type = name, .about = "postgres: the schema of the streams' tables.",
         .fallback = "public"},
    }};

const shape tenants_shape{
    .name = "tenants",
    .about = "Every other key is a tenant's id.",
    .fields = {
        {.key = "from", .type = text,
         .about = "A file with nothing but tenants, id → settings, that can be read again while the host runs."},
        {.key = "open", .type = boolean, .about = "Admit tenants that are not listed.", .fallback = "false"},
    }};

const shape tenant_shape{
    .name = "tenant",
    .about = "What is known of one tenant. An id has letters, digits, `.`, `_` and `-`.",
    .fields = {
        {.key = "critical", .type = boolean, .about = "Routing rules can ask for it: `tenant.critical`.",
         .fallback = "false"},
        {.key = "vars", .type = special, .about = "Texts that other fields use as `${tenant.vars.x}`."},
        {.key = "secrets", .type = special, .about = "Secrets that secret fields use as `${tenant.secrets.x}`."},
    }};

const shape source_shape{
    .name = "source",
    .about = "An upstream system and how it is treated. All other keys belong to the plugin.",
    .fields = {
        {.key = "uses", .type = text, .about = "The source plugin.", .required = true},
        {.key = "limits", .type = mapping, .about = "How hard the upstream is used.", .inner = &limits_shape},
        {.key = "retry", .type = mapping, .about = "How often a request is tried; Retry-After is honoured.",
         .inner = &retry_shape},
    },
    .has_plugin = true,
    .plugin = component_kind::source};

const shape limits_shape{
    .name = "limits",
    .about = "For each host of the upstream, all tenants and runs together.",
    .fields = {
        {.key = "rate", .type = rate, .about = "Requests in a time; without it there is no limit.",
         .least = 1.0 / 3600, .most = 100000},
        {.key = "in_flight", .type = integer, .about = "Requests at the same time.", .fallback = "16", .least = 1,
         .most = 1024},
        {.key = "essential_reserved", .type = ratio, .about = "The part that background work can't take.",
         .fallback = "25%", .least = 0, .most = 0.9},
    }};

const shape retry_shape{
    .name = "retry",
    .about = "Waits double from `base` to `cap`; every page that is stored gives the attempts back.",
    .fields = {
        {.key = "attempts", .type = integer, .about = "Tries of one request.", .fallback = "5", .least = 1,
         .most = 100},
        {.key = "base", .type = duration, .about = "The first wait.", .fallback = "200ms", .least = 1000,
         .most = hour},
        {.key = "cap", .type = duration, .about = "The longest wait.", .fallback = "30s", .least = 1000,
         .most = 24 * hour},
    }};

const shape phases_shape{
    .name = "phases",
    .about = "A caller waits for the essential phase; the background phase begins when it is over.",
    .fields = {
        {.key = "essential", .type = mapping, .about = "What a user needs to get in.", .inner = &essential_shape},
        {.key = "background", .type = mapping, .about = "The rest.", .inner = &background_shape},
    }};

const shape essential_shape{
    .name = "phases.essential",
    .about = "Kept short: a failure here fails the run.",
    .fields = {
        {.key = "deadline", .type = duration, .about = "How long a caller waits at most.", .fallback = "3s",
         .least = 100e3, .most = 10 * minute},
        {.key = "fresh_for", .type = duration, .about = "Younger data are not read again.", .fallback = "60s",
         .least = 0, .most = 30 * day},
        {.key = "sync", .type = list, .about = "The entries of `domains`: `ENTRY`, or `{ ENTRY: … }` with settings.",
         .required = true, .inner = &item_shape},
    }};

const shape background_shape{
    .name = "phases.background",
    .about = "Without a deadline.",
    .fields = {
        {.key = "fresh_for", .type = duration, .about = "Younger data are not read again.", .fallback = "15m",
         .least = 0, .most = 30 * day},
        {.key = "sync", .type = list, .about = "The entries of `domains`: `ENTRY`, or `{ ENTRY: … }` with settings.",
         .required = true, .inner = &item_shape},
    }};

const shape item_shape{
    .name = "sync item",
    .about = "How one domain entry is synced in a phase.",
    .fields = {
        {.key = "scope", .type = choice, .about = "`subject`: only what belongs to who signs in.",
         .fallback = "tenant", .choices = {"tenant", "subject"}},
        {.key = "mode", .type = choice, .about = "`incremental`: only what changed, where a read says how.",
         .fallback = "full", .choices = {"full", "incremental"}},
        {.key = "full_every", .type = duration, .about = "incremental: read everything this often.", .least = minute,
         .most = 365 * day},
        {.key = "deletes", .type = choice,
         .about = "`events`: by `deleted_when`; `sweep`: also what a full read did not see; `none`: never.",
         .fallback = "events", .choices = {"none", "events", "sweep"}},
        {.key = "guard", .type = mapping, .about = "When deletes wait for somebody's approval.",
         .inner = &guard_shape},
        {.key = "reads", .type = texts, .about = "Only these reads of the entry; without it, all."},
    }};

const shape guard_shape{
    .name = "guard",
    .about = "A run that would delete more is held until it is approved.",
    .fields = {
        {.key = "max", .type = ratio, .about = "The largest part of a stream's rows.", .fallback = "20%", .least = 0,
         .most = 1},
        {.key = "floor", .type = integer, .about = "Up to so many rows it never holds.", .fallback = "10",
         .least = 0, .most = 1e9},
    }};

const shape backend_shape{
    .name = "backend",
    .about = "All other keys belong to the plugin.",
    .fields = {{.key = "uses", .type = text, .about = "The backend plugin.", .required = true}},
    .has_plugin = true,
    .plugin = component_kind::backend};

const shape routing_shape{
    .name = "routing",
    .about = "The first rule that matches wins; rule and value are stored with the run.",
    .fields = {
        {.key = "default", .type = text, .about = "The backend when no rule matches; needed when there are several."},
        {.key = "rules", .type = list, .about = "Asked from top to bottom.", .inner = &rule_shape},
        {.key = "when_unavailable", .type = named, .about = "What happens when a backend is down: `wait`, or another.",
         .inner = &unavailable_shape},
    }};

const shape rule_shape{
    .name = "rule",
    .about = "With neither `only` nor `when` it matches every tenant.",
    .fields = {
        {.key = "backend", .type = text, .about = "Where a match goes.", .required = true},
        {.key = "enabled", .type = boolean, .about = "false: the rule is off.", .fallback = "true"},
        {.key = "only", .type = special, .about = "Exactly these tenants, as a list or with commas; `when` is not asked."},
        {.key = "share", .type = ratio, .about = "A stable part of the tenants that match.", .fallback = "100%",
         .least = 0, .most = 1},
        {.key = "when", .type = texts,
         .about = "Any of these: `tenant.MEASURE > N` for measures of the domains, `tenant.average_duration > 30s`, "
                  "`tenant.runs_per_day > N`, `tenant.critical`, `host.active_runs > N`."},
    }};

const shape unavailable_shape{
    .name = "when_unavailable",
    .about = "Or just `wait`: the run is submitted when the backend is back.",
    .fields = {
        {.key = "use", .type = text, .about = "Another backend.", .required = true},
        {.key = "after", .type = duration, .about = "How long the first one is waited for.", .fallback = "2s",
         .least = 0, .most = hour},
    }};

const shape alert_shape{
    .name = "alert",
    .about = "Fires while the metric is over its limit.",
    .fields = {
        {.key = "metric", .type = choice, .about = "What is watched.", .required = true,
         .choices = {"failure_rate", "average_duration", "stuck_runs", "domain_failures"}},
        {.key = "domain", .type = text, .about = "domain_failures: the entry of `domains`."},
        {.key = "over", .type = special, .about = "The limit: a ratio, a duration or a number, as the metric is.",
         .required = true},
        {.key = "window", .type = duration, .about = "The time that is looked at.", .fallback = "15m",
         .least = minute, .most = 30 * day},
        {.key = "min_runs", .type = integer, .about = "With fewer runs it stays silent.", .fallback = "0",
         .least = 0, .most = 1e6},
        {.key = "severity", .type = choice, .about = "How loud.", .fallback = "warning",
         .choices = {"warning", "critical"}},
    }};

const shape notification_shape{
    .name = "notify",
    .about = "Empty addresses are left out.",
    .fields = {{.key = "webhook", .type = text, .about = "A URL that gets the alert as a JSON POST.",
                .required = true}}};

std::vector<const shape*> all_shapes() {
  return {&manifest_shape, &store_shape, &tenants_shape, &tenant_shape, &source_shape, &limits_shape, &retry_shape,
          &domain_shape, &read_shape, &subject_shape, &incremental_shape, &into_shape, &explode_shape, &where_shape,
          &value_shape, &phases_shape, &essential_shape, &background_shape, &item_shape, &guard_shape, &backend_shape,
          &routing_shape, &rule_shape, &unavailable_shape, &alert_shape, &notification_shape};
}

}  // namespace sluice::manifest

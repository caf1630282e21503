// The keys of a manifest but for `domains`, `phases` and `routing`.
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
        {.key = "name",
         .type = name,
         .about = "Names the pipeline; rows remember it as their origin.",
         .required = true},
        {.key = "store",
         .type = mapping,
         .about = "Where rows, checkpoints and runs live.",
         .required = true,
         .inner = &store_shape},
        {.key = "tenants",
         .type = special,
         .about = "The customers whose data are synced: id → settings.",
         .required = true,
         .inner = &tenants_shape},
        {.key = "sources",
         .type = named,
         .about = "The systems that are read.",
         .required = true,
         .inner = &source_shape},
        {.key = "domains",
         .type = named,
         .about = "The kinds of data, each with the reads that feed it.",
         .required = true,
         .inner = &domain_shape},
        {.key = "phases",
         .type = mapping,
         .about = "What is synced at a sign-in, and what after it.",
         .required = true,
         .inner = &phases_shape},
        {.key = "every",
         .type = duration,
         .about = "`sluice serve` syncs tenants that were seen before again, when their last run is older "
                  "than this, and at "
                  "most a quarter of it later. Sign-ins count.",
         .least = second,
         .most = 30 * day},
        {.key = "backends",
         .type = named,
         .about = "What sequences the steps of a run.",
         .required = true,
         .inner = &backend_shape},
        {.key = "routing", .type = mapping, .about = "Which backend a run goes to.", .inner = &routing_shape},
        {.key = "alerts", .type = list, .about = "When somebody is told.", .inner = &alert_shape},
        {.key = "notify", .type = list, .about = "Who is told.", .inner = &notification_shape},
    }};

const shape store_shape{
    .name = "store",
    .about = "One host has one store: manifests that name different ones are refused.",
    .fields = {
        {.key = "uses",
         .type = choice,
         .about = "The database.",
         .required = true,
         .choices = {"sqlite", "postgres"}},
        {.key = "path", .type = text, .about = "sqlite: the file, made when it is not there."},
        {
            .key = "dsn",
            .type = text,
            .about = "postgres: how to connect. Secret.",
        },
        {.key = "pool",
         .type = integer,
         .about = "postgres: connections.",
         .fallback = "8",
         .least = 1,
         .most = 128},
        {.key = "schema",
         .type = name,
         .about = "postgres: the schema of the streams' tables.",
         .fallback = "public"},
    }};

const shape tenants_shape{
    .name = "tenants",
    .about = "Every other key is a tenant's id.",
    .fields = {
        {.key = "from",
         .type = text,
         .about =
             "A file with nothing but tenants, id → settings, that can be read again while the host runs."},
        {.key = "open", .type = boolean, .about = "Admit tenants that are not listed.", .fallback = "false"},
    }};

const shape tenant_shape{
    .name = "tenant",
    .about = "What is known of one tenant. An id has letters, digits, `.`, `_` and `-`.",
    .fields = {
        {.key = "critical",
         .type = boolean,
         .about = "Routing rules can ask for it: `tenant.critical`.",
         .fallback = "false"},
        {.key = "vars", .type = special, .about = "Texts that other fields use as `${tenant.vars.x}`."},
        {.key = "secrets",
         .type = special,
         .about = "Secrets that secret fields use as `${tenant.secrets.x}`."},
    }};

const shape source_shape{
    .name = "source",
    .about = "An upstream system and how it is treated. All other keys belong to the plugin.",
    .fields =
        {
            {.key = "uses", .type = text, .about = "The source plugin.", .required = true},
            {.key = "limits",
             .type = mapping,
             .about = "How hard the upstream is used.",
             .inner = &limits_shape},
            {.key = "retry",
             .type = mapping,
             .about = "How often a request is tried; Retry-After is honoured.",
             .inner = &retry_shape},
        },
    .has_plugin = true,
    .plugin = component_kind::source};

const shape limits_shape{.name = "limits",
                         .about = "For each host of the upstream, all tenants and runs together.",
                         .fields = {
                             {.key = "rate",
                              .type = rate,
                              .about = "Requests in a time; without it there is no limit.",
                              .least = 1.0 / 3600,
                              .most = 100000},
                             {.key = "in_flight",
                              .type = integer,
                              .about = "Requests at the same time.",
                              .fallback = "16",
                              .least = 1,
                              .most = 1024},
                             {.key = "essential_reserved",
                              .type = ratio,
                              .about = "The part that background work can't take.",
                              .fallback = "25%",
                              .least = 0,
                              .most = 0.9},
                         }};

const shape retry_shape{
    .name = "retry",
    .about = "Waits double from `base` to `cap`; every page that is stored gives the attempts back.",
    .fields = {
        {.key = "attempts",
         .type = integer,
         .about = "Tries of one request in a row. By default the last one comes 40 to 80 s after the first.",
         .fallback = "10",
         .least = 1,
         .most = 100},
        {.key = "base",
         .type = duration,
         .about = "The first wait.",
         .fallback = "200ms",
         .least = 1000,
         .most = hour},
        {.key = "cap",
         .type = duration,
         .about = "The longest wait.",
         .fallback = "30s",
         .least = 1000,
         .most = 24 * hour},
    }};

const shape backend_shape{
    .name = "backend",
    .about = "All other keys belong to the plugin.",
    .fields = {{.key = "uses", .type = text, .about = "The backend plugin.", .required = true}},
    .has_plugin = true,
    .plugin = component_kind::backend};

std::vector<const shape*> all_shapes() {
  return {&manifest_shape,    &store_shape,       &tenants_shape,    &tenant_shape, &source_shape,
          &limits_shape,      &retry_shape,       &domain_shape,     &read_shape,   &subject_shape,
          &incremental_shape, &into_shape,        &explode_shape,    &where_shape,  &value_shape,
          &phases_shape,      &essential_shape,   &background_shape, &item_shape,   &guard_shape,
          &rejects_shape,     &backend_shape,     &routing_shape,    &rule_shape,   &unavailable_shape,
          &alert_shape,       &notification_shape};
}
}  // namespace sluice::manifest

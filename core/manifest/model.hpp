// A pipeline: a manifest after parsing, reference resolution and checking, as plain data for the host.
//
// Durations are microseconds, ratios 0..1. JSON travels as text. Texts in `config`, `request` and map values
// are templates: `${tenant}`, `${tenant.vars.x}`, `${subject}`, `${parent.x}` and secrets are left for the
// moment of use, `$${` is a literal `${`; environment variables are already in place.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice::manifest {

struct store_settings {
  std::string uses;    // "sqlite" or "postgres"
  std::string path;    // sqlite: the file, absolute or relative to the manifest's folder
  std::string dsn;     // postgres: a template, such as "${secret:env:DATABASE_URL}"
  int pool = 8;        // connections; sqlite has one writer
  std::string schema;  // of the streams' tables
};

struct tenant_settings {
  bool critical = false;
  std::map<std::string, std::string> vars;
  std::map<std::string, std::string> secrets;  // templates: "${secret:env:ACME_TOKEN}"
};

struct tenants {
  std::map<std::string, tenant_settings> known;  // those of `from` included
  std::string from;                              // a file of tenants that may be read again; absolute
  bool open = false;                             // any tenant id is admitted
};

struct limits {
  double rate_per_second = 0;  // 0 = none
  int in_flight = 16;
  double essential_reserved = 0.25;
};

struct retry {
  int attempts = 10;
  std::int64_t base_us = 200'000, cap_us = 30'000'000;
};

struct source {
  std::string name, uses;
  std::string config;  // JSON for the plugin
  struct limits limits;
  struct retry retry;
};

struct incremental_read {
  std::string column;  // the stream's column that carries the change time
  std::string param;   // the request parameter that takes the watermark; empty: it stands in the request
  std::string as;      // rfc3339 | epoch_s | epoch_ms | date
  std::int64_t lag_us = 0;
};

// Where all rows lie that one item of a read can bring: columns, and those of references as `entity.kind`,
// whose value is the same for each record and known before it is read.
struct partition {
  std::string stream;
  std::map<std::string, std::string> values;  // templates
  std::vector<std::string> others;            // stages of the entry that may bring such rows too
};

// A row of `stream` without its required parent, when a run has read all that could bring one.
struct missing_parent {
  std::string stream, reference;
  std::string to;        // the parents' stream
  bool rejects = false;  // else it is let go
};

// How one subject is read. It is a read without a parent and yields the same columns.
struct subject_read {
  std::string request, decode;  // JSON
  std::vector<partition> partitions;
};

// A share, and a number up to which nothing happens.
struct guard {
  double max = 0.2;
  int floor = 10;
};

struct read {
  std::string stage;  // "entry.read"
  std::string entry, name;
  std::string from;                     // the source
  std::string request;                  // JSON for the source
  std::string records;                  // JSON pointer
  std::string decode;                   // JSON: records, where, into, keep, children; compiled by the decoder
  std::vector<std::string> parents;     // stages whose records make its items; may hold itself (recursion)
  std::vector<std::string> streams;     // that it feeds
  std::vector<std::string> keep;        // names that its children see as ${parent.x}
  std::vector<partition> partitions;    // of its items, where it has parents
  std::vector<missing_parent> missing;  // what doesn't wait for the next runs
  std::optional<subject_read> subject;
  std::optional<incremental_read> incremental;
  guard rejects{0.5, 10};      // more refused, and the read has failed
  std::string mapping_digest;  // changes with the mapping, the domain's streams and its version
};

struct domain {
  std::string name;  // the entry
  std::string uses;
  bool critical = false;
  std::string config;  // JSON for the plugin
  std::vector<std::string> stages;
};

enum class scope : std::uint8_t { tenant, subject };
enum class mode : std::uint8_t { full, incremental };
enum class deletes : std::uint8_t { none, events, sweep };

struct item {
  std::string entry;
  enum scope scope = scope::tenant;
  enum mode mode = mode::full;
  std::int64_t full_every_us = 0;  // incremental: a full read this often; 0 = never
  enum deletes deletes = deletes::events;
  struct guard guard;                       // a larger share of deletes is held
  std::vector<std::string> stages;          // what it reads, parents before children
  std::vector<std::string> subject_stages;  // scope subject: those of them that can be read for one subject
};

struct phase {
  std::int64_t deadline_us = 0;   // 0 = none
  std::int64_t fresh_for_us = 0;  // younger data are not read again
  std::vector<item> items;
};

struct backend {
  std::string name, uses;
  std::string config;  // JSON for the plugin
};

// `tenant.users > 1000`, `tenant.average_duration > 30s` (threshold in µs), `tenant.critical` (a flag).
struct condition {
  std::string text;     // as written
  std::string subject;  // "tenant.users"
  enum class value : std::uint8_t { count, duration, flag } type = value::count;
  double threshold = 0;
};

struct routing_rule {
  std::string backend;
  bool enabled = true;
  std::vector<std::string> only;  // empty = absent
  double share = 1.0;
  std::vector<condition> when;  // any; empty = all tenants
};

struct unavailable {
  std::string use;  // empty: wait
  std::int64_t after_us = 0;
};

struct routing {
  std::string fallback;  // the default backend
  std::vector<routing_rule> rules;
  std::map<std::string, unavailable> when_unavailable;
};

struct alert {
  std::string metric;  // failure_rate | average_duration | stuck_runs | held_runs | domain_failures
  std::string domain;  // domain_failures: the entry
  double over = 0;     // a ratio, µs or a count, as the metric has it
  std::int64_t window_us = 0;
  int min_runs = 0;
  std::string severity;  // warning | critical
};

struct notification {
  std::string webhook;
  std::string secret;  // a template, such as "${secret:env:ALERT_SECRET}"; empty: messages are not signed
};

struct pipeline {
  std::string name;
  std::string file;  // as given
  std::string hash;  // sha256 of the effective manifest: no tenants, no secret values, no formatting
  store_settings store;
  struct tenants tenants;
  std::vector<source> sources;
  std::vector<domain> domains;
  std::vector<read> reads;  // of all domains, parents before children
  phase essential, background;
  std::int64_t every_us = 0;  // 0 = only at sign-ins
  std::vector<backend> backends;
  struct routing routing;
  std::vector<alert> alerts;
  std::vector<notification> notify;

  [[nodiscard]] const read* find_read(const std::string& stage) const;
  [[nodiscard]] const domain* find_domain(const std::string& entry) const;
  [[nodiscard]] const source* find_source(const std::string& name) const;
};

}  // namespace sluice::manifest

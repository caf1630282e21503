#include "support/memory_store.hpp"

#include <nlohmann/json.hpp>

#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {

namespace {

// Microseconds that only grow; every call is a new instant.
std::function<std::int64_t()> ticking() {
  return [ticks = std::make_shared<std::int64_t>(1'700'000'000'000'000)] { return ++*ticks; };
}

void set(std::map<std::string, std::string>& out, const std::string& name, const nlohmann::json& value) {
  out[name] = value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

memory_store::memory_store(std::function<std::int64_t()> now)
    : now_(now ? std::move(now) : ticking()), state_(std::make_unique<memory_state>()) {}
memory_store::~memory_store() = default;

sluice::store::migration_result memory_store::migrate() {
  const std::lock_guard taken(state_->mutex);
  const int from = state_->migrated ? sluice::store::schema_version : 0;
  state_->migrated = true;
  return {from, sluice::store::schema_version};
}

void memory_store::check_version() {
  const std::lock_guard taken(state_->mutex);
  if (!state_->migrated)
    throw sluice::store::invalid(sluice::store::code::schema_old, "no schema: run `sluice migrate`");
}

std::vector<std::string> memory_store::ensure_streams(const std::string& plugin,
                                                      const std::string& plugin_version,
                                                      const std::vector<stream_schema>& streams) {
  const std::lock_guard taken(state_->mutex);
  std::vector<std::string> lines;
  for (const stream_schema& s : streams) {
    std::optional<sluice::store::stream_claim> existing;
    if (const auto at = state_->claims.find(s.name); at != state_->claims.end()) existing = at->second;
    const auto change = diff_stream(existing, plugin, plugin_version, s);
    for (std::string& line : change.lines(s.name)) lines.push_back(std::move(line));
  }
  for (const stream_schema& s : streams) {
    state_->claims[s.name] = {plugin, plugin_version, s};
    for (auto& [key, row] : state_->rows[s.name]) row.parents.resize(s.references.size());
  }
  return lines;
}

std::unique_ptr<engine::session> memory_store::open_session() {
  return std::make_unique<sluice::store::embedded::session>(
      std::make_unique<memory_tables>(*state_, hooks, now_));
}

sluice::store::store_description memory_store::describe() {
  const std::lock_guard taken(state_->mutex);
  sluice::store::store_description out{
      "memory", "1", "memory", state_->migrated ? sluice::store::schema_version : 0, {}};
  for (const auto& [name, claim] : state_->claims)
    out.streams.push_back({name, claim.plugin, claim.plugin_version});
  return out;
}

std::vector<std::map<std::string, std::string>> memory_store::rows_of(const std::string& stream) const {
  const std::lock_guard taken(state_->mutex);
  std::vector<std::map<std::string, std::string>> out;
  const auto rows = state_->rows.find(stream);
  if (rows == state_->rows.end()) return out;
  const auto& references = state_->claims.at(stream).schema.references;
  for (const auto& [key, row] : rows->second) {
    auto& values = out.emplace_back();
    const nlohmann::json cells = nlohmann::json::parse(row.values);  // items() refers to it
    for (const auto& [name, value] : cells.items()) {
      if (name.find('.') == std::string::npos && name != deleted_column) set(values, name, value);
    }
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (row.parents[i]) values[references[i].name + "_id"] = std::to_string(*row.parents[i]);
    }
    if (row.age.version) values["source_version"] = std::to_string(*row.age.version);
    values["id"] = std::to_string(row.id);
    values["tenant_id"] = std::get<0>(key);
    values["origin"] = std::to_string(row.origin);
    values["read_at"] = std::to_string(row.age.read_at_us);
    values["synced_at"] = std::to_string(row.synced_us);
    values["run_id"] = row.run_id;
    values["deleted"] = row.deleted ? "true" : "false";
    values["row_hash"] = std::to_string(row.hash.hi) + ":" + std::to_string(row.hash.lo);
  }
  return out;
}

void memory_store::forget_counts(const std::string& run_id) {
  const std::lock_guard taken(state_->mutex);
  for (auto& [key, entry] : state_->ledger) {
    if (std::get<0>(key) == run_id) entry.first.inserted = entry.first.updated = entry.first.unchanged = 0;
  }
}

void memory_store::turn_clock_back(std::int64_t us) {
  const std::lock_guard taken(state_->mutex);
  for (auto& [id, run] : state_->runs) {
    run.row.created_us += us;
    if (run.row.ended_us != 0) run.row.ended_us += us;
  }
  for (auto& [key, lease] : state_->leases) lease.expires_us += us;
  for (auto& [key, page] : state_->pages) page.at_us += us;
  for (auto& [stream, rows] : state_->rows) {
    for (auto& [key, row] : rows) row.age.read_at_us += us;
  }
}

std::int64_t memory_store::live_rows(const std::string& stream) const {
  const std::lock_guard taken(state_->mutex);
  std::int64_t n = 0;
  for (const auto& [key, row] : state_->rows[stream]) n += row.deleted ? 0 : 1;
  return n;
}

std::int64_t memory_store::changes() const {
  const std::lock_guard taken(state_->mutex);
  return state_->changes;
}

}  // namespace sluice::testing

// What a memory store knows of the partitions of items.
#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/planted.hpp"
#include "support/memory_tables.hpp"

namespace sluice::testing {

using namespace store::embedded;
using lock = std::lock_guard<std::recursive_mutex>;

std::int64_t memory_tables::last_page_us(const std::string& run_id) {
  const lock taken(state_.mutex);
  std::int64_t out = 0;
  for (const auto& [key, line] : state_.pages) {
    if (line.run_id == run_id) out = std::max(out, line.at_us);
  }
  return out;
}

std::vector<proven_item> memory_tables::proven_items(const std::string& run_id, const std::string& stage,
                                                     const std::string& stream) {
  std::vector<proven_item> out;
  for (const auto& [key, entry] : state_.items) {
    const engine::item& item = entry.first;
    if (std::get<0>(key) != run_id || std::get<1>(key) != stage) continue;
    if (item.state != engine::item_state::complete && !SLUICE_BUG(partition_unproven)) continue;
    std::int64_t pages = 0, rejected = 0, requested = 0;
    bool ended = false;
    for (const auto& [place, line] : state_.pages) {
      if (line.run_id != run_id || line.stage != stage || line.item != item.id) continue;
      requested = pages++ == 0 ? line.requested_us : std::min(requested, line.requested_us);
      rejected += line.records.rejected;
      ended = ended || line.is_end;
    }
    for (const auto& [place, line] : state_.ledger) {
      const auto& [run, at, of, seq, name] = place;
      if (run == run_id && at == stage && of == item.id && name == stream) rejected += line.first.rejected;
    }
    const bool proven = pages == item.page_seq && ended && rejected == 0;
    if (proven || (pages > 0 && SLUICE_BUG(partition_unproven)))
      out.push_back({item.id, item.vars, requested});
  }
  return out;
}

std::vector<std::string> memory_tables::keys_in(const std::string& tenant, const std::string& stream,
                                                std::int64_t origin, const store::partition_filter& filter) {
  const auto& references = state_.claims.at(stream).schema.references;
  std::vector<std::pair<std::string, std::string>> wanted = filter.columns;
  for (const auto& p : filter.parents) {
    for (const auto& [column, value] : p.key)
      wanted.emplace_back(references.at(p.reference).name + "." + column, value);
  }
  std::vector<std::string> out;
  for (const auto& [key, row] : state_.rows[stream]) {
    if (std::get<0>(key) != tenant || row.deleted || row.origin != origin) continue;
    const nlohmann::json values = nlohmann::json::parse(row.values);
    const bool inside = std::all_of(wanted.begin(), wanted.end(), [&](const auto& w) {
      return values.contains(w.first) && values[w.first] == w.second;
    });
    if (inside) out.push_back(std::get<1>(key));
  }
  return out;
}

std::vector<std::string> memory_tables::keys_of_item(const std::string& run_id, const std::string& stage,
                                                     const std::string& item, const std::string& stream) {
  std::vector<std::string> out;
  for (const auto& [key, line] : state_.ledger) {
    const auto& [run, at, of, seq, name] = key;
    if (run == run_id && at == stage && of == item && name == stream)
      out.insert(out.end(), line.second.begin(), line.second.end());
  }
  return out;
}

std::vector<std::string> memory_tables::seen_of(const std::string& tenant, const std::string& stream,
                                                const std::vector<std::string>& keys, std::int64_t since_us,
                                                std::int64_t requested_us) {
  const std::set<std::string> known = seen(tenant, stream, since_us, requested_us);
  std::vector<std::string> out;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(out),
               [&](const std::string& k) { return known.contains(k); });
  return out;
}

}  // namespace sluice::testing

// What a memory store keeps: ordered containers, so that everything that walks over them is the same
// in every run of a test; and the undo log that makes its transactions atomic.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "store/embedded/tables.hpp"
#include "store/schema.hpp"

namespace sluice::testing {

struct memory_row {
  std::int64_t id = 0;
  engine::hash128 hash;
  store::recency age;
  bool deleted = false;
  std::string values;  // by row_codec
  std::vector<std::optional<std::int64_t>> parents;
  std::int64_t origin = 0, synced_us = 0;
  std::string run_id;
};

// The entries of an ordered map whose keys begin with these texts, for a range-based `for`.
template <class Map>
class entries_of {
 public:
  using iterator = typename Map::const_iterator;
  entries_of(const Map& m, const std::string& first) {
    typename Map::key_type least{};
    std::get<0>(least) = first;
    begin_ = m.lower_bound(least);
    end_ = begin_;
    while (end_ != m.end() && std::get<0>(end_->first) == first) ++end_;
  }
  entries_of(const Map& m, const std::string& first, const std::string& second) {
    typename Map::key_type least{};
    std::get<0>(least) = first;
    std::get<1>(least) = second;
    begin_ = m.lower_bound(least);
    end_ = begin_;
    while (end_ != m.end() && std::get<0>(end_->first) == first && std::get<1>(end_->first) == second) ++end_;
  }
  [[nodiscard]] iterator begin() const { return begin_; }
  [[nodiscard]] iterator end() const { return end_; }

 private:
  iterator begin_, end_;
};

struct memory_state {
  template <class... Key>
  using key = std::tuple<Key...>;
  using text = std::string;

  std::recursive_mutex mutex;
  std::map<key<text, text, text>, store::embedded::lease_record> leases;  // tenant, pipeline, scope
  std::map<text, store::embedded::run_record> runs;
  std::map<text, std::int64_t> run_order, tenants;
  std::map<key<text, text>, store::embedded::stage_record> stages;
  std::map<key<text, text>, std::int64_t> stage_order, origins;
  std::map<key<text, text, text>, std::pair<engine::item, store::embedded::commit_id>> items;
  std::map<key<text, text, text, std::int64_t>, store::embedded::page_line> pages;
  std::map<key<text, text, text, std::int64_t, text>, std::pair<engine::row_counts, std::vector<text>>>
      ledger;
  std::map<std::int64_t, engine::reject_row> rejects;
  std::map<key<text, text, text>, store::embedded::deferred_record> deferred;
  std::map<key<text, text, text, text>, store::embedded::link_record> links;
  std::map<key<text, text, text>, std::pair<engine::watermark_row, text>>
      watermarks;                                        // tenant, pipeline, stage
  std::map<key<text, text, text>, store::held_as> held;  // run, stream, key
  std::map<text, engine::note> notes;
  std::map<text, store::stream_claim> claims;
  std::map<text, std::map<key<text, text>, memory_row>> rows;  // by stream: tenant, key
  std::int64_t last_id = 0;
  std::int64_t changes = 0;  // transactions that changed something
  bool migrated = false;

  // Of the transaction that is open.
  std::vector<std::function<void()>> undo;

  template <class Map, class Key, class Value>
  void put(Map& m, const Key& k, Value v) {
    if (const auto at = m.find(k); at != m.end()) {
      undo.push_back([&m, k, old = at->second] { m[k] = old; });
      at->second = std::move(v);
    } else {
      undo.push_back([&m, k] { m.erase(k); });
      m.emplace(k, std::move(v));
    }
  }
  template <class Map, class Key>
  void erase(Map& m, const Key& k) {
    if (const auto at = m.find(k); at != m.end()) {
      undo.push_back([&m, k, old = at->second] { m[k] = old; });
      m.erase(at);
    }
  }
};

}  // namespace sluice::testing

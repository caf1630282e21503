// Rows: what a committed page brought is in the store, or accounted for; nothing older overwrites
// anything newer; the counts are those of what really happened; nothing is there that was never shown.
#include <unordered_set>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

struct stored_before {
  bool there = false, deleted = false, waits = false;
  engine::hash128 hash;
  store::recency age, waiting;
};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return (a ^ (b + 0x9e3779b97f4a7c15ULL + (a << 6U))) * 1099511628211ULL;
}
std::uint64_t mix(std::uint64_t a, const std::string& text) { return mix(a, std::hash<std::string>{}(text)); }

class rows_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "rows"; }

  void served(const caller&, const engine::read_request& r, const engine::page& p) override {
    pages_.insert(digest(r.run_id, r.stage, r.item, r.page_state, p));
    for (const engine::stream_rows& s : p.streams) {
      for (const brought_row& row : sim::rows_of(s, 0))
        shown_.insert(mix(mix(row.hash.lo, s.schema->name), row.key));
    }
  }

  void committing(const caller&, const engine::commit_request& request) override {
    before_.clear();
    for (const engine::page_write& w : request.pages) {
      for (const engine::stream_rows& s : w.page.streams) {
        for (const brought_row& row : sim::rows_of(s, 0))
          before_.emplace(place(s.schema->name, row.key), look(s.schema->name, row.key));
      }
    }
  }

  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result& result) override {
    std::map<std::string, std::map<std::string, brought_row>> winners;
    std::map<std::string, std::int64_t> came;
    for (const engine::page_write& w : request.pages) {
      std::string& from = at_[{request.run_id, w.stage, w.item}];
      if (!pages_.contains(digest(request.run_id, w.stage, w.item, from, w.page)))
        broken("run " + request.run_id + " " + w.stage +
               ": a page was committed that the upstream never gave from `" + from + "`");
      from = w.next_state;
      if (!w.page.records.balances()) broken(w.stage + ": records don't add up");
      for (const engine::stream_rows& s : w.page.streams) {
        for (brought_row& row : sim::rows_of(s, w.page.requested_at_us)) {
          ++came[s.schema->name];
          if (row.refused) continue;
          auto& best = winners[s.schema->name];
          const auto at = best.find(row.key);
          if (at == best.end()) best.emplace(row.key, std::move(row));
          else if (!is_older(row, at->second)) at->second = std::move(row);
        }
      }
    }
    for (const auto& [stream, rows] : winners) {
      for (const auto& [key, row] : rows) check_row(stream, key, row);
    }
    check_counts(winners, came, result);
  }

  void retaining(const engine::retention_request& request) override {
    tombstones_.clear();
    if (request.what != engine::retention_request::kind::tombstones) return;
    for (const auto& [stream, rows] : scene_.stored.rows) {
      for (const auto& [key, row] : rows) {
        if (row.deleted) tombstones_.emplace(place(stream, std::get<1>(key)), row.age);
      }
    }
  }
  void retained(const engine::retention_request&) override {
    for (const auto& [at, age] : tombstones_) {
      if (find(at.first, at.second) == nullptr) removed_.insert_or_assign(at, age);
    }
  }

  void finished(const caller&, const std::string&, engine::run_state) override {
    for (const auto& [stream, rows] : scene_.stored.rows) {
      for (const auto& [key, row] : rows) {
        if (!shown_.contains(mix(mix(row.hash.lo, stream), std::get<1>(key))))
          broken(stream + " " + std::get<1>(key) + ": values that the upstream never had");
      }
    }
  }

 private:
  using place = std::pair<std::string, std::string>;

  static std::uint64_t digest(const std::string& run, const std::string& stage, const std::string& item,
                              const std::string& from, const engine::page& p) {
    std::uint64_t x = mix(mix(mix(mix(mix(7, run), stage), item), from), p.next_state);
    x = mix(x, static_cast<std::uint64_t>(p.records.records * 2 + (p.end ? 1 : 0)));
    for (const engine::stream_rows& s : p.streams) {
      for (const engine::hash128& h : s.hashes) x = mix(x, h.lo);
    }
    return x;
  }

  [[nodiscard]] const testing::memory_row* find(const std::string& stream, const std::string& key) const {
    const auto rows = scene_.stored.rows.find(stream);
    if (rows == scene_.stored.rows.end()) return nullptr;
    const auto at = rows->second.find(std::tuple(std::string("acme"), key));
    return at == rows->second.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const store::embedded::deferred_record* waiting(const std::string& stream,
                                                                const std::string& key) const {
    const auto at = scene_.stored.deferred.find(std::tuple(std::string("acme"), stream, key));
    return at == scene_.stored.deferred.end() ? nullptr : &at->second;
  }
  [[nodiscard]] stored_before look(const std::string& stream, const std::string& key) const {
    stored_before out;
    if (const auto* row = find(stream, key)) out = {true, row->deleted, false, row->hash, row->age, {}};
    if (const auto* twin = waiting(stream, key)) out.waits = true, out.waiting = twin->age;
    return out;
  }

  void check_row(const std::string& stream, const std::string& key, const brought_row& row) {
    const stored_before& was = before_.at({stream, key});
    const stored_before now = look(stream, key);
    const bool same = was.there && !was.deleted && !row.deleted && was.hash == row.hash;
    if (was.waits && is_older(row, was.waiting)) {
      if (!now.waits || is_older(now.waiting, was.waiting))
        broken(stream + " " + key + ": a newer row waited and is gone");
      return;
    }
    if (was.there && !same && is_older(row, was.age)) {
      if (now.hash != was.hash || now.deleted != was.deleted)
        broken(stream + " " + key + ": an older row has overwritten a newer one");
      return;
    }
    if (row.deleted) {
      if (now.there && !now.deleted) broken(stream + " " + key + ": a deleted row lives");
      return;
    }
    // A host's clock that is off makes a new row look old.
    const auto removed = removed_.find({stream, key});
    const bool clocks = scene_.drawn.hosts.clock_off_us > 0;
    if (!was.there && now.there && removed != removed_.end() && !clocks && is_older(row, removed->second))
      broken(stream + " " + key + ": a deleted row is back, since its tombstone went too soon");
    if (now.there && !now.deleted && now.hash == row.hash) return;
    // Its parent is not there: it waits, or was left out as the stream's declaration says.
    if (now.waits && !is_older(now.waiting, row)) return;
    if (stream == "badges") return;
    broken(stream + " " + key + ": a committed page brought it, and it is not in the store");
  }

  // What really became of the rows, seen from outside.
  void check_counts(const std::map<std::string, std::map<std::string, brought_row>>& winners,
                    const std::map<std::string, std::int64_t>& came, const engine::commit_result& result) {
    std::map<std::string, engine::row_counts> told;
    for (const engine::page_result& p : result.pages) {
      for (const auto& [stream, c] : p.streams) {
        if (!c.balances()) broken("rows of " + stream + " don't add up");
        told[stream] += c;
      }
    }
    for (const auto& [stream, rows] : winners) {
      std::int64_t inserted = 0, updated = 0, deleted = 0;
      for (const auto& [key, row] : rows) {
        const stored_before& was = before_.at({stream, key});
        const auto* now = find(stream, key);
        if (now == nullptr) continue;
        if (!was.there) ++inserted;
        else if (!now->deleted && (was.deleted || was.hash != now->hash)) ++updated;
        else if (now->deleted && !was.deleted) ++deleted;
      }
      const engine::row_counts& c = told[stream];
      if (c.inserted != inserted || c.updated != updated || c.deleted != deleted || c.rows != came.at(stream))
        broken(stream + ": the ledger says " + std::to_string(c.inserted) + " inserted, " +
               std::to_string(c.updated) + " updated, " + std::to_string(c.deleted) + " deleted; it was " +
               std::to_string(inserted) + ", " + std::to_string(updated) + ", " + std::to_string(deleted));
    }
  }

  std::unordered_set<std::uint64_t> pages_, shown_;
  std::map<std::tuple<std::string, std::string, std::string>, std::string> at_;  // where each item stands
  std::map<place, stored_before> before_;
  std::map<place, store::recency> tombstones_, removed_;  // removed_: by retention
};

}  // namespace

std::unique_ptr<checker> make_rows(scene& s) { return std::make_unique<rows_checker>(s); }

}  // namespace sluice::sim

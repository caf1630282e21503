// Sweeps of partitions: a row goes only if the item that would have brought it was read to its end and took
// every record, and nothing has brought the row since that read began.
#include <algorithm>
#include <set>
#include <tuple>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"
#include "upstream.hpp"

namespace sluice::sim {

namespace {

class partitions_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "partitions"; }

  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result&) override {
    for (const engine::page_write& w : request.pages) {
      reading& it = items_[{request.run_id, w.stage}][w.item];
      it.began_us = std::min(it.began_us, w.page.requested_at_us);
      it.ended = w.end;
      it.unreadable = it.unreadable || w.page.records.rejected > 0;
      for (const engine::child_item& c : w.page.children)
        items_[{request.run_id, c.stage}][c.item].vars = c.vars;
      for (const engine::stream_rows& s : w.page.streams) {
        for (const brought_row& row : rows_of(s, 0)) {
          it.unreadable = it.unreadable || row.refused;
          std::int64_t& asked = brought_[{s.schema->name, row.key}];
          asked = std::max(asked, w.page.requested_at_us);
        }
      }
    }
  }
  void dropped(const caller&, const std::string& run, const std::string& stage,
               const std::string& item) override {
    items_[{run, stage}][item].ended = false;
  }

  void sweeping(const std::string&) override {
    live_.clear();
    for (const auto& [stream, rows] : scene_.stored.rows) {
      for (const auto& [key, row] : rows) {
        if (!row.deleted) live_.emplace(stream, std::get<1>(key));
      }
    }
  }

  void swept(const engine::sweep_request& r) override {
    if (r.partitions.empty()) return;
    for (const auto& [stream, key] : live_) {
      const testing::memory_row& row = scene_.stored.rows.at(stream).at(std::tuple(std::string("acme"), key));
      if (row.deleted) check(r, stream, key, row);
    }
  }

 private:
  struct reading {
    std::string vars;  // of a root: in the plan
    std::int64_t began_us = INT64_MAX;
    bool ended = false, unreadable = false;
    [[nodiscard]] bool proves() const { return ended && !unreadable; }
  };

  // The item in whose partition a row lies. A parent that is listed twice has two: the later one that proves.
  [[nodiscard]] const reading* item_of(const std::string& run, const std::string& stage,
                                       const std::string& parent) {
    const reading* out = nullptr;
    for (const auto& [id, it] : items_[{run, stage}]) {
      const std::string& vars =
          stage == "members" ? it.vars : scene_.plans.at(run).find_stage(stage)->root_vars;
      if (var(vars, stage == "members" ? "g" : "subject") != parent) continue;
      if (out == nullptr || std::tuple(it.proves(), it.began_us) > std::tuple(out->proves(), out->began_us))
        out = &it;
    }
    return out;
  }

  // The parent's id, as the row itself says.
  static std::string parent_of(const std::string& stream, const std::string& key,
                               const testing::memory_row& row) {
    return stream == "memberships" ? key.substr(0, key.find('/')) : var(row.values, "person.external_id");
  }

  void check(const engine::sweep_request& r, const std::string& stream, const std::string& key,
             const testing::memory_row& row) {
    const std::string parent = parent_of(stream, key, row), what = stream + " " + key;
    const reading* it = item_of(r.run_id, r.partitions.front().stage, parent);
    if (it == nullptr) return broken(what + " was deleted, and nothing of " + parent + " was read");
    if (!it->proves())
      return broken(what + " was deleted although what was read of " + parent + " is no proof");
    // Instants are what the host of a request takes for the store's clock, and pages of an item may have two hosts.
    if (row.age.read_at_us > it->began_us + 2 * scene_.drawn.hosts.clock_off_us)
      broken(what + ": its tombstone would win over what was read after its item began");
    if (scene_.drawn.hosts.clock_off_us > 0) return;  // by whose clock?
    const auto seen = brought_.find({stream, key});
    if (seen != brought_.end() && seen->second >= it->began_us)
      broken(what + " was deleted although a page has brought it meanwhile");
    // A grant may have come back for somebody else.
    const record* now = scene_.upstream.find("grants", key);
    if (stream == "grants" && now != nullptr && now->ref != "person\x1f" + parent) return;
    if (!scene_.upstream.ever_away(stream, key, it->began_us, scene_.now_us()))
      broken(what + " was deleted although it was there all the time");
  }

  std::map<std::pair<std::string, std::string>, std::map<std::string, reading>> items_;  // run, stage; item
  std::map<std::pair<std::string, std::string>, std::int64_t> brought_;  // when it was last asked for
  std::set<std::pair<std::string, std::string>> live_;
};

}  // namespace

std::unique_ptr<checker> make_partitions(scene& s) { return std::make_unique<partitions_checker>(s); }

}  // namespace sluice::sim

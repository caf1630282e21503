// Watermarks: never beyond what is safe. Whatever changed up to one is in the store, or accounted for.
#include <set>

#include "invariants/parts.hpp"
#include "page_rows.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class watermark_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "watermark"; }

  // What it may have to look at later.
  void retaining(const engine::retention_request& request) override {
    using kind = engine::retention_request::kind;
    if (request.what != kind::rejects && request.what != kind::tombstones) return;
    for (const auto& [id, reject] : scene_.stored.rejects)
      rejected_.emplace(reject.what.stream, reject.what.key);
    for (const auto& [key, row] : scene_.stored.rows.at("grants")) {
      if (row.deleted) went_.insert(std::get<1>(key));
    }
  }

  void ended(const engine::stage_end& end) override {
    const auto& run = scene_.stored.runs.at(end.run_id).row;
    const auto at = scene_.stored.watermarks.find(std::tuple(run.tenant, run.pipeline, end.stage));
    if (at == scene_.stored.watermarks.end() || at->second.second != end.run_id) return;
    const std::int64_t value = at->second.first.value_us;
    std::int64_t& before = values_[run.pipeline + "/" + end.stage];
    if (end.state != engine::stage_state::complete)
      broken("a stage that is not complete has moved a watermark");
    if (end.watermark && !end.watermark->full && value < before)
      broken(end.stage + ": an incremental read has moved it back");
    before = value;
    for (const auto& [pos, r] : scene_.upstream.list(end.stage)) {
      if (r.changed_us <= value && !r.unreadable && !r.refused) check(end.stage, r);
    }
  }

 private:
  void check(const std::string& list, const record& r) {
    const std::string& stream = directory::stream_of(list).name;
    const std::string key = directory::key_of(list, r);
    const auto& rows = scene_.stored.rows.at(stream);
    const auto row = rows.find(std::tuple(std::string("acme"), key));
    if (r.deleted) {
      if (row != rows.end() && !row->second.deleted) lost(list, r, "lives still");
      return;
    }
    if (scene_.stored.deferred.contains(std::tuple(std::string("acme"), stream, key))) return;
    for (const auto& [id, reject] : scene_.stored.rejects) {
      if (reject.what.stream == stream && reject.what.key == key) return;  // it waited for too long
    }
    if (rejected_.contains({stream, key})) return;
    if (row == rows.end() && stream == "grants" && went_.contains(key)) return;
    if (row == rows.end()) return lost(list, r, "is not in the store");
    // A row that went with its parent comes back with a full read.
    if (row->second.deleted && stream == "grants") return;
    if (row->second.deleted) return lost(list, r, "is deleted");
    const bool clocks = scene_.drawn.hosts.clock_off_us > 0 && !scene_.drawn.tenant.versions;
    if (!clocks && row->second.hash != hash_of(list, r, scene_.drawn.tenant.versions))
      lost(list, r, "has an old value");
  }

  void lost(const std::string& list, const record& r, const char* how) {
    broken(list + " " + r.id + " changed before it and " + how +
           ": the next incremental read won't ask for it");
  }

  std::map<std::string, std::int64_t> values_;
  std::set<std::pair<std::string, std::string>> rejected_;
  std::set<std::string> went_;  // grants that were tombstones once
};

}  // namespace

std::unique_ptr<checker> make_watermark(scene& s) { return std::make_unique<watermark_checker>(s); }

}  // namespace sluice::sim

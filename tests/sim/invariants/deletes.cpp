// Tombstones that no record asks for: only with a proof, only of what was really away, only as many
// as the guard lets through.
#include <set>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class deletes_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "deletes"; }

  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result&) override {
    for (const engine::page_write& w : request.pages) {
      reading& stage = stages_[{request.run_id, w.stage}];
      stage.open[w.item] = !w.end;
      stage.unreadable += w.page.records.rejected;
      stage.records += w.page.records.records;
      for (const engine::child_item& c : w.page.children)
        stages_[{request.run_id, c.stage}].open.emplace(c.item, true);
      for (const engine::stream_rows& s : w.page.streams) {
        for (const brought_row& row : rows_of(s, 0)) brought_[{s.schema->name, row.key}] = scene_.now_us();
      }
    }
  }
  void dropped(const caller&, const std::string& run, const std::string& stage,
               const std::string& item) override {
    stages_[{run, stage}].open[item] = false;
  }

  // Nothing, where the run before had something, is to be taken with care.
  void ended(const engine::stage_end& end) override {
    const auto& run = scene_.stored.runs.at(end.run_id).row;
    if (end.state != engine::stage_state::complete || !run.scope.empty()) return;
    const std::int64_t records = stages_[{end.run_id, end.stage}].records;
    auto& [last_run, before] = last_[{run.pipeline, end.stage}];
    if (last_run == end.run_id) return;  // told twice
    const bool full = !end.watermark || end.watermark->full;
    const bool suspect = scene_.stored.stages.at(std::tuple(end.run_id, end.stage)).suspect;
    if (full && records == 0 && before > 0 && !suspect)
      broken("run " + end.run_id + ": " + end.stage + " brought nothing and is not suspect");
    last_run = end.run_id;
    before = records;
  }

  void sweeping(const std::string& run) override {
    live_.clear();
    held_.clear();
    for (const auto& [stream, rows] : scene_.stored.rows) {
      for (const auto& [key, row] : rows) {
        if (!row.deleted) live_[stream].emplace(std::get<1>(key), row.origin);
      }
    }
    for (const auto& [key, on] : scene_.stored.held) {
      if (std::get<0>(key) == run) held_.emplace(std::get<1>(key), std::get<2>(key));
    }
  }

  void swept(const engine::sweep_request& r) override {
    const auto& run = scene_.stored.runs.at(r.run_id).row;
    const auto gone = gone_now();
    if (gone.empty()) return;
    if (r.partitions.empty()) {
      for (const std::string& stage : r.stages) check_proof(r.run_id, stage);
    }
    std::int64_t live = 0;
    const std::int64_t origin = scene_.stored.origins.at(std::tuple(run.pipeline, r.entry));
    for (const auto& [key, from] : live_[r.stream]) live += from == origin ? 1 : 0;
    if (r.guard.holds(static_cast<std::int64_t>(gone.size()), live))
      broken("a sweep has deleted more than its guard lets through");
    for (const auto& [stream, key] : gone) {
      if (stream != r.stream || live_[stream].at(key) != origin)
        broken("a sweep of " + r.stream + " has deleted " + stream + " " + key + " of another origin");
      if (!r.partitions.empty()) continue;  // partitions.cpp looks at these
      check_away(stream, key, run.created_us, run.created_us);
      if (scene_.stored.rows.at(stream).at(std::tuple(std::string("acme"), key)).age.read_at_us >
          run.created_us)
        broken(stream + " " + key + ": its tombstone would win over what was read after the run began");
    }
  }

  void cascaded(const std::string& run) override {
    for (const auto& [stream, key] : gone_now()) check_orphan(run, stream, key);
  }

  void approved(const std::string& run, engine::run_state) override {
    const auto& row = scene_.stored.runs.at(run).row;
    for (const auto& [stream, key] : gone_now()) {
      if (held_.contains({stream, key}) && !is_orphan(stream, key))
        check_away(stream, key, row.created_us, row.ended_us);
      else check_orphan(run, stream, key);
    }
  }

 private:
  struct reading {
    std::map<std::string, bool> open;  // item → its last page is not in yet
    std::int64_t unreadable = 0, records = 0;
  };
  using row_name = std::pair<std::string, std::string>;

  [[nodiscard]] std::set<row_name> gone_now() const {
    std::set<row_name> out;
    for (const auto& [stream, keys] : live_) {
      const auto& rows = scene_.stored.rows.at(stream);
      for (const auto& [key, origin] : keys) {
        if (rows.at(std::tuple(std::string("acme"), key)).deleted) out.emplace(stream, key);
      }
    }
    return out;
  }

  void check_proof(const std::string& run, const std::string& stage) {
    const auto at = scene_.stored.stages.find(std::tuple(run, stage));
    if (at == scene_.stored.stages.end() || at->second.state != engine::stage_state::complete ||
        at->second.suspect)
      broken("run " + run + " has swept although " + stage + " is not complete");
    const reading& books = stages_[{run, stage}];
    if (books.unreadable > 0)
      broken("run " + run + " has swept although " + stage + " met what it couldn't read");
    for (const auto& [item, open] : books.open) {
      if (open) broken("run " + run + " has swept although item " + item + " of " + stage + " has not ended");
    }
  }

  void check_away(const std::string& stream, const std::string& key, std::int64_t from_us,
                  std::int64_t seen_us) {
    const auto seen = brought_.find({stream, key});
    if (seen != brought_.end() && seen->second >= seen_us)
      broken(stream + " " + key + " was deleted although a page has brought it meanwhile");
    if (!scene_.upstream.ever_away(stream, key, from_us, scene_.now_us()))
      broken(stream + " " + key + " was deleted although it was there all the time");
  }

  [[nodiscard]] bool is_orphan(const std::string& stream, const std::string& key) const {
    const testing::memory_row& row = scene_.stored.rows.at(stream).at(std::tuple(std::string("acme"), key));
    const auto& references = scene_.stored.claims.at(stream).schema.references;
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (!references[i].required || !row.parents[i]) continue;
      for (const auto& [name, parent] : scene_.stored.rows.at(references[i].to)) {
        if (parent.id == *row.parents[i] && parent.deleted) return true;
      }
    }
    return false;
  }
  void check_orphan(const std::string& run, const std::string& stream, const std::string& key) {
    if (!is_orphan(stream, key))
      broken("run " + run + ": " + stream + " " + key + " was deleted with a parent that lives");
  }

  std::map<row_name, reading> stages_;                             // by run and stage
  std::map<row_name, std::pair<std::string, std::int64_t>> last_;  // by pipeline and stage: run, records
  std::map<row_name, std::int64_t> brought_;                       // when a page last brought a row
  std::map<std::string, std::map<std::string, std::int64_t>> live_;
  std::set<row_name> held_;
};

}  // namespace

std::unique_ptr<checker> make_deletes(scene& s) { return std::make_unique<deletes_checker>(s); }

}  // namespace sluice::sim

// Deletes that no record asks for: what vanished upstream, and what hangs on it.
#include <map>
#include <set>

#include "store/embedded/session.hpp"
#include "store/errors.hpp"

namespace sluice::store::embedded {

using engine::sweep_result;

namespace {

class sweeper {
 public:
  // The tombstones speak of the instant `as_of_us`: what was requested later overwrites them. Lines of the
  // ledger go to (stage, item).
  sweeper(tables& t, writer by, std::int64_t as_of_us, std::string stage, std::string item)
      : tables_(t),
        by_(std::move(by)),
        as_of_us_(as_of_us),
        stage_(std::move(stage)),
        item_(std::move(item)) {}

  // Tombstones of those rows that are live; how many.
  std::int64_t remove(stream_table& table, const std::vector<std::string>& keys) {
    const std::string& stream = table.schema().name;
    count_line line{by_.run_id, stage_, item_, stream, tables_.next_line(by_.run_id, item_), {}, {}};
    for (const std::string& key : keys) {
      const auto row = table.find(by_.tenant, key);
      if (!row || row->deleted) continue;
      table.tombstone(by_, row->id, {std::nullopt, as_of_us_});
      tables_.erase_links(by_.tenant, stream, key);
      line.keys.emplace_back(key);
    }
    line.counts.swept = static_cast<std::int64_t>(line.keys.size());
    if (line.counts.swept > 0) tables_.add_counts(line);
    return line.counts.swept;
  }

  // Without a guard nothing is held.
  sweep_result cascade(const std::optional<engine::delete_guard>& guard) {
    sweep_result out;
    for (bool again = true; again;) {
      again = false;
      for (const std::string& name : tables_.stream_names()) {
        if (remove_orphans(name, guard, out)) again = true;
      }
    }
    return out;
  }

 private:
  // True: something was deleted, so that others may be orphans now.
  bool remove_orphans(const std::string& name, const std::optional<engine::delete_guard>& guard,
                      sweep_result& out) {
    stream_table* table = tables_.find_stream(name);
    if (table == nullptr) return false;
    std::set<std::string> keys;
    const auto& references = table->schema().references;
    for (std::size_t i = 0; i < references.size(); ++i) {
      if (!references[i].required) continue;
      for (std::string& key : tables_.orphans(by_.tenant, name, i)) keys.insert(std::move(key));
    }
    if (keys.empty()) return false;
    const std::vector<std::string> list(keys.begin(), keys.end());
    const auto gone = static_cast<std::int64_t>(list.size());
    if (guard && guard->holds(gone, tables_.count_live(by_.tenant, name, 0))) {
      tables_.hold(by_.run_id, name, list);
      out.result = sweep_result::how::held;
      return false;
    }
    out.gone += remove(*table, list);
    return true;
  }

  tables& tables_;
  writer by_;
  std::int64_t as_of_us_;
  std::string stage_, item_;
};

stream_table& table_named(tables& t, const std::string& name) {
  stream_table* table = t.find_stream(name);
  if (table == nullptr) throw internal(code::unknown_stream, "no plugin has declared stream `" + name + "`");
  return *table;
}

}  // namespace

sweep_result session::sweep(const engine::sweep_request& r) {
  transaction tx(*tables_);
  const owned_run owned = fence_run(r.run_id, r.run_epoch);
  const engine::run_row& run = owned.run.row;
  sweep_result out;
  out.reason = why_no_sweep(tables_->accounts(r.run_id), r.stages);
  if (!out.reason.empty()) {
    out.result = sweep_result::how::unproven;
    return out;
  }
  stream_table& table = table_named(*tables_, r.stream);
  const std::int64_t origin = tables_->origin(run.pipeline, r.entry);
  const auto keys = tables_->unseen(run.tenant, r.stream, origin, run.created_us);
  out.live = tables_->count_live(run.tenant, r.stream, origin);
  out.gone = static_cast<std::int64_t>(keys.size());
  if (r.guard.holds(out.gone, out.live)) {
    tables_->hold(r.run_id, r.stream, keys);
    out.result = sweep_result::how::held;
  } else {
    sweeper(*tables_, {run.tenant, r.run_id, tables_->now_us()}, run.created_us, r.stages.front(), "sweep")
        .remove(table, keys);
  }
  tx.commit();
  return out;
}

sweep_result session::cascade(const std::string& run_id, std::int64_t run_epoch, const std::string& stage,
                              const engine::delete_guard& guard) {
  transaction tx(*tables_);
  const owned_run owned = fence_run(run_id, run_epoch);
  if (!tables_->has_deletes(run_id)) return {};
  const std::int64_t now = tables_->now_us();
  const sweep_result out =
      sweeper(*tables_, {owned.run.row.tenant, run_id, now}, now, stage, "cascade").cascade(guard);
  tx.commit();
  return out;
}

engine::run_state session::approve(const std::string& run_id) {
  transaction tx(*tables_);
  auto run = tables_->find_run(run_id);
  if (!run) throw invalid(code::unknown_run, "run " + run_id + " is not in this store");
  if (run->row.state != engine::run_state::held) {
    throw invalid(code::not_held,
                  "run " + run_id + " holds no deletes: it is " + std::string(to_string(run->row.state)));
  }
  const auto stages = tables_->accounts(run_id);
  sweeper work(*tables_, {run->row.tenant, run_id, tables_->now_us()}, run->row.ended_us,
               stages.empty() ? "" : stages.front().row.stage, "approve");
  std::map<std::string, std::set<std::string>> held;
  for (auto& [stream, key] : tables_->held(run_id)) held[stream].insert(std::move(key));
  for (const auto& [stream, keys] : held) {
    std::vector<std::string> still;
    for (std::string& key : tables_->unseen(run->row.tenant, stream, 0, run->row.ended_us)) {
      if (keys.contains(key)) still.push_back(std::move(key));
    }
    work.remove(table_named(*tables_, stream), still);
  }
  static_cast<void>(work.cascade(std::nullopt));
  tables_->erase_held(run_id);
  const verdict v = judge(account_of(*run));
  run->row.state = v.state;
  run->row.error_code = v.error_code;
  run->row.error = v.error;
  tables_->put_run(*run);
  tx.commit();
  return v.state;
}

std::vector<std::pair<std::string, std::int64_t>> session::erase_tenant(const std::string& tenant) {
  transaction tx(*tables_);
  if (tables_->has_open_run(tenant)) {
    throw invalid(code::tenant_busy,
                  "a run of tenant `" + tenant + "` is open; cancel it first, or wait for its end");
  }
  auto out = tables_->erase_tenant(tenant);
  tx.commit();
  return out;
}

}  // namespace sluice::store::embedded

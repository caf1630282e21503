// Deletes that no record asks for: what vanished upstream, and what hangs on it.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "engine/failpoint.hpp"
#include "engine/planted.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "store/partition_match.hpp"

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

  // Without a guard nothing is held. `of`: only what hangs on rows of these streams; empty: of any.
  sweep_result cascade(const std::optional<engine::delete_guard>& guard, std::set<std::string> of = {}) {
    sweep_result out;
    of_ = std::move(of);
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
      if (!references[i].required || (!of_.empty() && !of_.contains(references[i].to))) continue;
      for (std::string& key : tables_.orphans(by_.tenant, name, i)) keys.insert(std::move(key));
    }
    if (keys.empty()) return false;
    const std::vector<std::string> list(keys.begin(), keys.end());
    const auto gone = static_cast<std::int64_t>(list.size());
    if (guard && guard->holds(gone, tables_.count_live(by_.tenant, name, 0))) {
      tables_.hold(by_.run_id, name, list, held_as::orphan);
      out.result = sweep_result::how::held;
      return false;
    }
    out.gone += remove(*table, list);
    if (!of_.empty()) of_.insert(name);
    return true;
  }

  tables& tables_;
  writer by_;
  std::int64_t as_of_us_;
  std::string stage_, item_;
  std::set<std::string> of_;
};

std::vector<std::string> without(std::vector<std::string> keys, const std::vector<std::string>& known) {
  const std::set<std::string_view> set(known.begin(), known.end());
  std::erase_if(keys, [&](const std::string& k) { return set.contains(k); });
  return keys;
}

// Of rows that wait for a parent, those of the partition that an earlier request has brought and this one has
// not: they would come to life when the parent comes.
void drop_waiting(tables& t, const std::string& tenant, const stream_schema& stream, std::int64_t origin,
                  const partition_filter& filter, const std::vector<std::string>& own,
                  std::int64_t requested_us) {
  if (!t.has_deferred(tenant, stream.name)) return;
  const std::set<std::string_view> kept(own.begin(), own.end());
  for (const deferred_record& d : t.deferred(tenant, std::numeric_limits<int>::max())) {
    if (d.stream != stream.name || d.origin != origin || d.age.read_at_us >= requested_us) continue;
    if (!kept.contains(d.key) && lies_in(filter, stream, d.payload))
      t.erase_deferred(tenant, d.stream, d.key);
  }
}

constexpr int runs_to_look_at = 50;

// Does a row live on a deleted parent that an earlier run has left, perhaps? One that was ended before it came to
// look: held, failed or cancelled since the last one that looked began.
bool may_have_left_orphans(tables& t, const engine::run_row& run) {
  using engine::run_state;
  std::int64_t looked_us = 0, left_us = -1;
  for (const engine::run_row& r : t.runs({run.tenant, {}, {}, runs_to_look_at})) {
    if (r.run_id == run.run_id || !engine::is_terminal(r.state)) continue;
    const bool looked = r.scope.empty() && (r.state == run_state::succeeded || r.state == run_state::partial);
    if (looked) looked_us = std::max(looked_us, r.created_us);
    else if (r.state > run_state::partial) left_us = std::max(left_us, r.ended_us);
  }
  return left_us >= looked_us;
}

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
  if (!r.partitions.empty()) {
    out = sweep_partitions(r, run);
    tx.commit();
    return out;
  }
  out.reason = why_no_sweep(tables_->accounts(r.run_id), r.stages);
  if (out.reason.empty() && went_back(run.created_us, tables_->earliest(r.run_id), tables_->now_us()))
    out.reason = clock_went_back;
  if (!out.reason.empty() && !SLUICE_BUG(sweep_on_partial)) {
    out.result = sweep_result::how::unproven;
    return out;
  }
  stream_table& table = table_named(*tables_, r.stream);
  const std::int64_t origin = tables_->origin(run.pipeline, r.entry);
  const auto keys = tables_->unseen(run.tenant, r.stream, origin, run.created_us);
  out.live = tables_->count_live(run.tenant, r.stream, origin);
  out.gone = static_cast<std::int64_t>(keys.size());
  if (r.guard.holds(out.gone, out.live) && !SLUICE_BUG(guard_is_off)) {
    tables_->hold(r.run_id, r.stream, keys, held_as::unseen);
    out.result = sweep_result::how::held;
  } else {
    const std::int64_t as_of = SLUICE_BUG(tombstones_from_now) ? tables_->now_us() : run.created_us;
    sweeper(*tables_, {run.tenant, r.run_id, tables_->now_us()}, as_of, r.stages.front(), "sweep")
        .remove(table, keys);
  }
  SLUICE_FAILPOINT("sweep.before_commit");
  tx.commit();
  return out;
}

// Of each item that is proven, the rows of its partition that it did not bring. `why_not`: of a rule that is not.
std::vector<gone_rows> session::find_gone(const engine::sweep_request& r, const engine::run_row& run,
                                          const std::vector<stage_account>& accounts, std::string& why_not) {
  stream_table& table = table_named(*tables_, r.stream);
  const std::int64_t origin = tables_->origin(run.pipeline, r.entry);
  std::vector<gone_rows> gone;
  std::set<std::string> known;  // one row may lie in the partitions of two items
  for (const engine::partition_rule& rule : r.partitions) {
    if (const std::string why = why_no_sweep(accounts, rule.others); !why.empty()) {
      why_not = why;
      continue;
    }
    // Beside other reads, which may have asked sooner, a row must have been brought by none since the run was made.
    const bool alone = rule.others.empty();
    for (const proven_item& item : tables_->proven_items(r.run_id, rule.stage, r.stream)) {
      const std::int64_t as_of = alone ? item.requested_us : run.created_us;
      const auto filter = filter_of(table.schema(), rule, item.vars);
      if (!filter) continue;
      const auto own = tables_->keys_of_item(r.run_id, rule.stage, item.id, r.stream);
      drop_waiting(*tables_, run.tenant, table.schema(), origin, *filter, own, as_of);
      auto keys = without(tables_->keys_in(run.tenant, r.stream, origin, *filter), own);
      std::erase_if(keys, [&](const std::string& k) { return known.contains(k); });
      if (keys.empty()) continue;
      keys = without(keys, tables_->seen_of(run.tenant, r.stream, keys, run.created_us, alone ? as_of : 0));
      known.insert(keys.begin(), keys.end());
      gone.push_back({rule.stage, as_of, std::move(keys)});
    }
  }
  return gone;
}

bool session::any_gone(const engine::sweep_request& r, const engine::run_row& run,
                       const run_account& account) {
  std::string why_not;
  const auto gone = find_gone(r, run, account.stages, why_not);
  return std::any_of(gone.begin(), gone.end(), [](const gone_rows& g) { return !g.keys.empty(); });
}

sweep_result session::sweep_partitions(const engine::sweep_request& r, const engine::run_row& run) {
  sweep_result out;
  const std::vector<gone_rows> gone = find_gone(r, run, tables_->accounts(r.run_id), out.reason);
  std::vector<std::string> keys;
  for (const gone_rows& g : gone) keys.insert(keys.end(), g.keys.begin(), g.keys.end());
  out.gone = static_cast<std::int64_t>(keys.size());
  if (out.gone > r.guard.floor)
    out.live = tables_->count_live(run.tenant, r.stream, tables_->origin(run.pipeline, r.entry));
  if (r.guard.holds(out.gone, out.live)) {
    std::sort(keys.begin(), keys.end());
    tables_->hold(r.run_id, r.stream, keys, held_as::unseen);
    out.result = sweep_result::how::held;
    return out;
  }
  const writer by{run.tenant, r.run_id, tables_->now_us()};
  stream_table& table = table_named(*tables_, r.stream);
  for (const gone_rows& g : gone) sweeper(*tables_, by, g.as_of_us, g.stage, "sweep").remove(table, g.keys);
  if (!out.reason.empty() && keys.empty()) out.result = sweep_result::how::unproven;
  return out;
}

bool session::may_have_orphans(const engine::run_row& run) {
  if (!tables_->streams_with_deletes(run.run_id).empty()) return true;
  return run.scope.empty() && may_have_left_orphans(*tables_, run);
}

sweep_result session::cascade(const std::string& run_id, std::int64_t run_epoch, const std::string& stage,
                              const engine::delete_guard& guard) {
  transaction tx(*tables_);
  const owned_run owned = fence_run(run_id, run_epoch);
  if (!may_have_orphans(owned.run.row)) return {};
  const auto deleted = tables_->streams_with_deletes(run_id);
  const bool of_subject = !owned.run.row.scope.empty();
  // Somebody waits for a run of one subject: it looks at what may hang on its own deletes alone.
  std::set<std::string> of;
  if (of_subject) of.insert(deleted.begin(), deleted.end());
  const std::int64_t now = tables_->now_us();
  const sweep_result out =
      sweeper(*tables_, {owned.run.row.tenant, run_id, now}, now, stage, "cascade").cascade(guard, of);
  SLUICE_FAILPOINT("cascade.before_commit");
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
  if (tables_->now_us() < run->row.ended_us) throw invalid(code::clock_back, too_early(run_id));
  const auto stages = tables_->accounts(run_id);
  sweeper work(*tables_, {run->row.tenant, run_id, tables_->now_us()}, run->row.ended_us,
               stages.empty() ? "" : stages.front().row.stage, "approve");
  std::map<std::string, std::set<std::string>> held;
  // An orphan goes with its parent, by the cascade below, or not at all: the parent may have come back.
  for (held_row& row : tables_->held(run_id)) {
    if (row.why == held_as::unseen) held[row.stream].insert(std::move(row.key));
  }
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

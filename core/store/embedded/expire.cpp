// Rows that wait in vain: let go, or rejected.
#include <map>
#include <set>

#include "engine/failpoint.hpp"
#include "store/embedded/deferred.hpp"
#include "store/embedded/session.hpp"
#include "store/errors.hpp"
#include "store/row_codec.hpp"

namespace sluice::store::embedded {

using engine::missing_rule;

engine::reject_row reject_of(const deferred_record& d, const std::string& run_id, std::int64_t now,
                             std::string field, std::string reason) {
  engine::reject_row out;
  out.at_us = now;
  out.page_seq = d.page_seq;
  out.run_id = run_id;
  out.tenant = d.tenant;
  out.stage = d.stage;
  out.item = d.item;
  out.what.stream = d.stream;
  out.what.key = d.key;
  out.what.field = std::move(field);
  out.what.reason = std::move(reason);
  out.what.ordinal = row_ordinal;
  out.what.raw = rejected_row(d.payload, d.age.read_at_us);
  return out;
}

namespace {

// `user/17`
std::string shown(std::string key) {
  if (const auto mark = key.find(key_separator); mark != std::string::npos) key[mark] = ' ';
  return key;
}

bool speaks_of(const missing_rule& rule, const deferred_record& d, const engine::run_row& run) {
  if (rule.stage != d.stage || rule.stream != d.stream || rule.reference != d.reference) return false;
  return (rule.whole && d.run_id == run.run_id) || d.age.read_at_us < run.created_us;
}

// A parent may have come since, or may itself be waiting.
bool may_have_parent(tables& t, const deferred_record& d) {
  stream_table* of = t.find_stream(d.parent_stream);
  const auto parent = of == nullptr ? std::nullopt : of->find(d.tenant, d.parent_key);
  return (parent && !parent->deleted) || t.find_deferred(d.tenant, d.parent_stream, d.parent_key);
}

class letting_go {
 public:
  letting_go(tables& t, engine::run_row run, std::int64_t now)
      : tables_(t), run_(std::move(run)), now_(now) {}

  std::int64_t run(const std::vector<missing_rule>& rules) {
    const auto accounts = tables_.accounts(run_.run_id);
    std::vector<const missing_rule*> proven;
    for (const missing_rule& r : rules) {
      if (why_no_sweep(accounts, r.parents).empty()) proven.push_back(&r);
    }
    if (proven.empty()) return 0;
    std::int64_t gone = 0;
    for (const deferred_record& d : tables_.deferred(run_.tenant, std::numeric_limits<int>::max())) {
      const auto rule =
          std::ranges::find_if(proven, [&](const missing_rule* r) { return speaks_of(*r, d, run_); });
      if (rule == proven.end() || may_have_parent(tables_, d)) continue;
      let_go(d, **rule);
      ++gone;
    }
    for (const auto& [place, n] : skipped_) {
      engine::row_counts c;
      c.skipped = c.resolved_unchanged = n;
      tables_.add_counts({run_.run_id,
                          place.first,
                          "resolve",
                          place.second,
                          tables_.next_line(run_.run_id, "resolve"),
                          c,
                          {}});
    }
    return gone;
  }

 private:
  void let_go(const deferred_record& d, const missing_rule& rule) {
    if (rule.rejects) {
      tables_.add_reject(reject_of(d, run_.run_id, now_, d.reference,
                                   "there is no `" + d.parent_stream + "` " + shown(d.parent_key)));
    } else {
      ++skipped_[{d.stage, d.stream}];
    }
    tables_.erase_deferred(d.tenant, d.stream, d.key);
  }

  tables& tables_;
  engine::run_row run_;
  std::int64_t now_;
  std::map<std::pair<std::string, std::string>, std::int64_t> skipped_;  // (stage, stream)
};

}  // namespace

std::int64_t session::expire_deferred(const std::string& run_id, const std::string& tenant,
                                      const std::vector<missing_rule>& rules) {
  transaction tx(*tables_);
  const std::int64_t now = tables_->now_us();
  std::int64_t gone = 0;
  if (const auto run = rules.empty() ? std::nullopt : tables_->find_run(run_id))
    gone = letting_go(*tables_, run->row, now).run(rules);
  for (const deferred_record& d : tables_->expired(tenant, now)) {
    tables_->add_reject(
        reject_of(d, run_id, now, d.reference,
                  "waited for `" + d.parent_stream + "` " + shown(d.parent_key) + " in vain"));
    tables_->erase_deferred(d.tenant, d.stream, d.key);
    ++gone;
  }
  SLUICE_FAILPOINT("expire.before_commit");
  tx.commit();
  return gone;
}

}  // namespace sluice::store::embedded

// Two batches of one run are written at once only when they have nothing to do with each other: none finds other
// rows because of the other, and none waits for a row that the other holds.
#include <algorithm>
#include <set>

#include "invariants/parts.hpp"

namespace sluice::sim {

namespace {

class overlap_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "overlap"; }

  void writing(const void* attempt, const engine::commit_request& request) override {
    batch mine = batch_of(attempt, request);
    std::int64_t beside = 0;
    for (const auto& [other, theirs] : under_way_) {
      if (theirs.attempt != attempt) continue;
      ++beside;
      if (!mine.waits && !theirs.waits) broken("run " + mine.run + " writes two batches in no order");
      const std::string why = clash(mine, theirs);
      if (!why.empty()) broken("run " + mine.run + " writes two batches at once, and " + why);
    }
    if (beside > 1) broken("run " + mine.run + " writes more than two batches at once");
    under_way_.insert_or_assign(&request, std::move(mine));
  }
  void over(const engine::commit_request* request) override { under_way_.erase(request); }

 private:
  struct batch {
    const void* attempt = nullptr;  // one process may have two at one run, and one of them is fenced
    bool waits = false;             // it has a gate
    std::string run;
    std::set<std::pair<std::string, std::string>> rows;  // stream, key
    std::set<std::string> streams, parents;              // parents: streams that its rows refer to
  };

  static batch batch_of(const void* attempt, const engine::commit_request& request) {
    batch out{attempt, static_cast<bool>(request.gate), request.run_id, {}, {}, {}};
    for (const engine::page_write& w : request.pages) {
      for (const engine::stream_rows& s : w.page.streams) {
        for (const brought_row& row : rows_of(s, 0)) {
          out.rows.emplace(s.schema->name, row.key);
          out.streams.insert(s.schema->name);
          for (const reference& r : s.schema->references) out.parents.insert(r.to);
        }
      }
    }
    return out;
  }

  static std::string clash(const batch& a, const batch& b) {
    const auto common = [](const auto& x, const auto& y) {
      return std::find_if(x.begin(), x.end(), [&](const auto& e) { return y.contains(e); });
    };
    if (const auto at = common(a.rows, b.rows); at != a.rows.end())
      return "both bring " + at->first + " " + at->second;
    if (const auto at = common(a.parents, b.streams); at != a.parents.end())
      return "the later one refers to " + *at + ", which the other brings";
    if (const auto at = common(b.parents, a.streams); at != b.parents.end())
      return "the earlier one refers to " + *at + ", which the other brings";
    return {};
  }

  std::map<const engine::commit_request*, batch> under_way_;
};

}  // namespace

std::unique_ptr<checker> make_overlap(scene& s) { return std::make_unique<overlap_checker>(s); }

}  // namespace sluice::sim

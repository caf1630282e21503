// Pages: each is committed once and after the one before it, with the checkpoint that it leads to; what is
// committed is not read again.
#include <set>

#include "invariants/parts.hpp"
#include "support/memory_state.hpp"

namespace sluice::sim {

namespace {

class checkpoint_checker final : public checker {
 public:
  using checker::checker;
  [[nodiscard]] const char* name() const override { return "checkpoint"; }

  void began(const caller& who, const std::string& run, std::int64_t, const engine::stage_start& start,
             const engine::stage_attempt& attempt) override {
    owner& now = owners_[{run, start.stage}];
    now = {who.process, attempt.epoch};
    if (attempt.state > engine::stage_state::running) return;
    for (const engine::item& it : attempt.open_items) {
      const progress& known = items_[{run, start.stage, it.id}];
      if (it.page_seq != known.seq || it.page_state != known.state || known.ended) {
        broken(where(run, start.stage, it.id) + "a new attempt goes on at page " +
               std::to_string(it.page_seq) + ", committed are " + std::to_string(known.seq));
      }
    }
  }

  void committed(const caller&, const engine::commit_request& request,
                 const engine::commit_result&) override {
    for (const engine::page_write& w : request.pages) {
      progress& known = items_[{request.run_id, w.stage, w.item}];
      const std::string at = where(request.run_id, w.stage, w.item);
      if (known.ended) broken(at + "a page after the last one");
      if (w.page_seq != known.seq) {
        broken(at + "page " + std::to_string(w.page_seq) + " was committed where " +
               std::to_string(known.seq) + " is the next");
      }
      known.done.insert(known.state);
      known.state = w.next_state;
      ++known.seq;
      known.ended = w.end;
      if (!scene_.stored.pages.contains(std::tuple(request.run_id, w.stage, w.item, w.page_seq)))
        broken(at + "a committed page has no line in the ledger");
      for (const engine::child_item& c : w.page.children) {
        if (!scene_.stored.items.contains(std::tuple(request.run_id, c.stage, c.item)))
          broken(at + "its child " + c.item + " is not there");
      }
    }
    for (const engine::page_write& w : request.pages) check_stored(request.run_id, w);
  }

  void dropped(const caller&, const std::string& run, const std::string& stage,
               const std::string& item) override {
    items_[{run, stage, item}].ended = true;
  }

  void asked(const caller& who, const engine::read_request& r) override {
    const auto at = owners_.find({r.run_id, r.stage});
    if (at == owners_.end() || at->second.process != who.process) return;  // it does not know yet
    const progress& known = items_[{r.run_id, r.stage, r.item}];
    if (known.done.contains(r.page_state))
      broken(where(r.run_id, r.stage, r.item) + "a committed page is read again, from `" + r.page_state +
             "`");
  }

  void served(const caller& who, const engine::read_request& r, const engine::page&) override {
    const auto at = owners_.find({r.run_id, r.stage});
    if (at == owners_.end() || at->second.process != who.process) return;
    // An attempt that is over may not know it yet; its stop is not that of the next one.
    if (excused_.contains({r.run_id, r.stage, r.item, r.page_state})) return;
    if (!served_.emplace(r.run_id, r.stage, r.item, r.page_state, at->second.epoch, r.stop).second)
      broken(where(r.run_id, r.stage, r.item) + "one attempt has read a page twice");
  }

  // What was read ahead of a page that failed after all may be of no use, and be read once more.
  void told_next(const engine::read_request& r, const std::string& next) override {
    next_[{r.run_id, r.stage, r.item, r.page_state}].insert(next);
  }
  void failed(const caller&, const engine::read_request& r, const engine::failure&) override {
    for (const std::string& next : next_[{r.run_id, r.stage, r.item, r.page_state}])
      excused_.emplace(r.run_id, r.stage, r.item, next);
  }

  void refused(const caller& who, const char*, const engine::commit_request* request,
               const engine::failure& why) override {
    if (why.code() != "SLU-5003") return;
    for (const engine::page_write& w : request->pages) {
      const owner& now = owners_[{request->run_id, w.stage}];
      if (now.process != who.process || now.epoch != w.stage_epoch) return;
    }
    broken("the owner of its stages has lost count of its pages: " + why.message());
  }

 private:
  struct progress {
    std::int64_t seq = 0;
    std::string state;
    bool ended = false;
    std::set<std::string> done;  // states from which a committed page was read
  };
  struct owner {
    std::int64_t process = 0, epoch = 0;
  };

  static std::string where(const std::string& run, const std::string& stage, const std::string& item) {
    return run + " " + stage + " " + item + ": ";
  }
  void check_stored(const std::string& run, const engine::page_write& w) {
    const progress& known = items_[{run, w.stage, w.item}];
    const auto at = scene_.stored.items.find(std::tuple(run, w.stage, w.item));
    if (at == scene_.stored.items.end() || at->second.first.page_seq != known.seq ||
        at->second.first.page_state != known.state) {
      broken(where(run, w.stage, w.item) + "the checkpoint is not where the pages are");
    }
  }

  using page_name = std::tuple<std::string, std::string, std::string, std::string>;
  std::map<std::tuple<std::string, std::string, std::string>, progress> items_;
  std::map<std::pair<std::string, std::string>, owner> owners_;
  std::set<std::tuple<std::string, std::string, std::string, std::string, std::int64_t, const void*>> served_;
  std::map<page_name, std::set<std::string>> next_;
  std::set<page_name> excused_;
};

}  // namespace

std::unique_ptr<checker> make_checkpoint(scene& s) { return std::make_unique<checkpoint_checker>(s); }

}  // namespace sluice::sim

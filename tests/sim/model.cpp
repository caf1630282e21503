#include "model.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace sluice::sim::model {

namespace {

constexpr int most_crashes = 2, most_lost = 1, most_take_overs = 4;

struct step {
  state to;
  std::string what;
};

class protocol {
 public:
  explicit protocol(const rules& r) : rules_(r) {}

  std::vector<step> next(const state& from) {
    out_.clear();
    for (std::size_t h = 0; h < hosts; ++h) {
      act(from, h);
      deliver(from, h);
      crash(from, h);
    }
    return std::move(out_);
  }

  // What must hold in every state; empty: it does.
  [[nodiscard]] static std::string broken(const state& s) {
    for (std::size_t p = 0; p < pages; ++p) {
      if (s.rows[p] > 1) return "page " + std::to_string(p) + " was applied twice";
      if (p < s.seq && s.rows[p] == 0)
        return "page " + std::to_string(p) + " is behind the checkpoint and has no rows";
      if (p >= s.seq && s.rows[p] != 0)
        return "page " + std::to_string(p) + " has rows before its checkpoint";
    }
    if (s.ended && s.seq != pages) return "it has ended without all pages";
    return {};
  }

 private:
  using kind = message::kind;

  state& add(const state& from, std::string what) {
    out_.push_back({from, std::move(what)});
    return out_.back().to;
  }
  static std::string name(std::size_t h) { return "host " + std::to_string(h); }
  static std::uint8_t mark(const state& s, std::size_t h) {
    return static_cast<std::uint8_t>(1 + h * 8 + s.life[h]);
  }

  void act(const state& from, std::size_t h) {
    const member& me = from.host[h];
    const bool may_take = !from.ended && from.take_overs < most_take_overs;
    if (me.at == stage::idle && may_take) take(from, h);
    if (me.at == stage::reading) {
      state& s = add(from, name(h) + " has read page " + std::to_string(me.page) + " and commits it");
      s.host[h].at = stage::waiting;
      s.wire[h] = {kind::commit, me.epoch, me.page, from.life[h]};
    }
    if (me.at == stage::doubting) {
      state& s = add(from, name(h) + " is in doubt");
      s.host[h].at = rules_.looks_up_doubt ? stage::looking : stage::waiting;
      s.wire[h] = {rules_.looks_up_doubt ? kind::look_up : kind::commit, me.epoch, me.page, from.life[h]};
    }
  }

  // A lease may run out whenever its holder is slow, and it is.
  void take(const state& from, std::size_t h) {
    state& s = add(from, name(h) + " takes the run");
    ++s.take_overs;
    if (rules_.new_epoch || s.epoch == 0) ++s.epoch;
    s.host[h] = {stage::reading, s.epoch, s.seq};
    if (s.seq == pages) finish(s, h);
  }
  static void finish(state& s, std::size_t h) {
    s.host[h].at = stage::finishing;
    s.wire[h] = {kind::finish, s.host[h].epoch, s.host[h].page, s.life[h]};
  }

  void deliver(const state& from, std::size_t h) {
    const message& m = from.wire[h];
    if (m.what == kind::none) return;
    if (m.what == kind::commit || m.what == kind::rows || m.what == kind::finish) at_store(from, h);
    else if (m.what == kind::look_up) {
      state& s = add(from, name(h) + " looks its commit up");
      s.wire[h].what = m.page < s.seq && s.by[m.page] == mark(from, h) ? kind::found : kind::missing;
    } else answer(from, h);
    if (from.host[h].at == stage::dead || m.life != from.life[h])
      add(from, "a request of a dead host is lost").wire[h] = {};
  }

  void at_store(const state& from, std::size_t h) {
    const message& m = from.wire[h];
    const bool owner = m.epoch == from.epoch || !rules_.compares_epoch;
    if (m.what == kind::rows) {
      state& s = add(from, "the rows follow");
      ++s.rows[m.page];
      s.wire[h].what = kind::done;
      return;
    }
    const bool next = m.page == from.seq || !rules_.compares_page;
    if (!owner || from.ended || (m.what == kind::commit && !next)) {
      add(from, name(h) + " is fenced").wire[h].what = kind::fenced;
      return;
    }
    if (m.what == kind::finish) {
      state& s = add(from, name(h) + " ends the run");
      s.ended = true;
      s.wire[h].what = kind::done;
      return;
    }
    apply(add(from, "page " + std::to_string(m.page) + " of " + name(h) + " is committed"), h, kind::done);
    if (from.lost == most_lost) return;
    state& s =
        add(from, "page " + std::to_string(m.page) + " of " + name(h) + " is committed, the answer lost");
    ++s.lost;
    apply(s, h, kind::lost);
    state& never = add(from, name(h) + " never hears of a commit that didn't happen");
    ++never.lost;
    never.wire[h].what = kind::lost;
  }

  void apply(state& s, std::size_t h, kind answer) const {
    message& m = s.wire[h];
    s.seq = std::max<std::uint8_t>(s.seq, static_cast<std::uint8_t>(m.page + 1));
    s.by[m.page] = static_cast<std::uint8_t>(1 + h * 8 + m.life);
    if (rules_.rows_with_checkpoint || answer == kind::lost) ++s.rows[m.page];
    m.what = rules_.rows_with_checkpoint || answer == kind::lost ? answer : kind::rows;
  }

  void answer(const state& from, std::size_t h) {
    const message& m = from.wire[h];
    state& s = add(from, name(h) + " hears");
    s.wire[h] = {};
    if (m.life != from.life[h] || s.host[h].at == stage::dead) return;
    member& me = s.host[h];
    const bool done =
        m.what == kind::done || m.what == kind::found || (m.what == kind::lost && rules_.doubt_is_done);
    if (me.at == stage::finishing) me = {};
    else if (m.what == kind::fenced) me = {};
    else if (done) {
      me.at = stage::reading;
      if (++me.page == pages) finish(s, h);
    } else if (m.what == kind::missing) {
      me.at = stage::reading;
    } else {
      me.at = stage::doubting;
    }
  }

  void crash(const state& from, std::size_t h) {
    if (from.host[h].at == stage::dead) {
      // A new process has nothing under way; what the old one had sent may have arrived before.
      if (from.wire[h].what != kind::none) return;
      state& s = add(from, name(h) + " starts again");
      s.host[h] = {};
      ++s.life[h];
      return;
    }
    if (from.crashes == most_crashes || from.host[h].at == stage::idle) return;
    state& s = add(from, name(h) + " crashes");
    ++s.crashes;
    s.host[h] = {stage::dead, 0, 0};
  }

  rules rules_;
  std::vector<step> out_;
};

struct arrival {
  const state* from = nullptr;
  std::string what;
};
using seen_states = std::map<state, arrival>;

std::vector<std::string> path_to(const seen_states& seen, const state& s) {
  std::vector<std::string> out;
  for (auto at = seen.find(s); at->second.from != nullptr; at = seen.find(*at->second.from))
    out.push_back(at->second.what);
  std::reverse(out.begin(), out.end());
  return out;
}

// From every state the end can still be reached, unless the take-overs that the search allows are used up.
std::string no_way_out(const seen_states& seen,
                       const std::map<const state*, std::vector<const state*>>& before) {
  std::set<const state*> good;
  std::deque<const state*> queue;
  for (const auto& [s, how] : seen) {
    if (s.ended || s.take_overs == most_take_overs) good.insert(&s), queue.push_back(&s);
  }
  while (!queue.empty()) {
    const auto at = before.find(queue.front());
    queue.pop_front();
    if (at == before.end()) continue;
    for (const state* s : at->second) {
      if (good.insert(s).second) queue.push_back(s);
    }
  }
  return good.size() == seen.size() ? std::string() : "there is a state from which the run never ends";
}

}  // namespace

result explore(const rules& r) {
  protocol p(r);
  seen_states seen;
  std::map<const state*, std::vector<const state*>> before;
  std::deque<const state*> queue{&seen.emplace(state{}, arrival{}).first->first};
  while (!queue.empty()) {
    const state* from = queue.front();
    queue.pop_front();
    for (step& s : p.next(*from)) {
      const auto [at, fresh] = seen.emplace(s.to, arrival{from, s.what});
      before[&at->first].push_back(from);
      if (!fresh) continue;
      if (std::string broken = protocol::broken(s.to); !broken.empty())
        return {seen.size(), broken, path_to(seen, s.to)};
      queue.push_back(&at->first);
    }
  }
  return {seen.size(), no_way_out(seen, before), {}};
}

}  // namespace sluice::sim::model

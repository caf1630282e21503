// Who is sent away at the door, and when it should come back.
#include <algorithm>
#include <utility>

#include "host/admission.hpp"
#include "host/source_health.hpp"

namespace sluice::host {

using engine::failure;
using engine::failure_class;
using engine::urgency;

namespace {

std::string seconds(std::int64_t us) { return std::to_string((us + 999'999) / 1'000'000) + " s"; }

}  // namespace

admission::crowd admission::before(const std::string& tenant, urgency how) const {
  const auto own = queued_of_.find(tenant);
  return {queue_.size(), queue_.size(how), own == queued_of_.end() ? 0 : own->second, 0};
}

// How long a run waits behind so many, tenants in turns: not longer than until each has had as many as this one has.
std::int64_t admission::wait_us(const admission_ask& ask, std::size_t ahead, const crowd& before) const {
  const bool essential = ask.how == urgency::essential;
  const std::int64_t mean = essential && mean_essential_us_ > 0 ? mean_essential_us_ : mean_us_;
  const int lent = essential ? std::min(under_way().background, background_places_) : 0;
  const int places = limits_.active_runs > lent ? limits_.active_runs - lent : limits_.active_runs;
  const std::size_t in_turns = (before.own + 1) * (queue_.tenants() + 1);
  const std::size_t ends = std::min(ahead + 1, in_turns) + before.coming;
  auto all = static_cast<std::int64_t>(ends) * mean / places;
  // Just after many have come at once, either may be far too much.
  if (const auto seen = essential ? pace_.until_us(ends) : std::nullopt) all = std::min(all, *seen);
  const auto mine = static_cast<std::int64_t>(before.own + 1) * mean / tenant_places_;
  return std::max(all, mine);
}

// Give or take a fifth, so that those who are sent away don't all come back at once.
failure admission::sent_away(const char* code, const std::string& why, std::int64_t wait_us) {
  constexpr std::int64_t least_us = 1'000'000, most_us = 900'000'000;
  const double spread =
      0.8 + 0.4 * static_cast<double>(random_.next() >> 11) / static_cast<double>(1ULL << 53);
  const auto when =
      static_cast<std::int64_t>(static_cast<double>(std::clamp(wait_us, least_us, most_us)) * spread);
  return {failure_class::throttled, code, why + "; try again in " + seconds(when), when};
}

std::optional<std::string> admission::too_sick(const admission_ask& ask) const {
  for (const std::string& s : ask.sources) {
    if (!is_sick(s)) continue;
    const std::string_view source = source_of(s);
    int waiting = 0;
    for (auto at = queued_at_.lower_bound(std::string(source));
         at != queued_at_.end() && at->first.starts_with(source); ++at) {
      if (source_of(at->first) == source && is_sick(at->first)) waiting += static_cast<int>(at->second);
    }
    if (waiting >= sick_queue_) return s;
  }
  return std::nullopt;
}

std::optional<failure> admission::why_not(const admission_ask& ask, const crowd& before) {
  constexpr std::int64_t unknown_us = 5'000'000;
  const auto away = [&](const char* code, const std::string& why, std::size_t ahead) {
    const std::int64_t wait = wait_us(ask, ahead, before);
    const bool known = mean_us_ > 0 || mean_essential_us_ > 0;
    return sent_away(code, why, known ? wait : unknown_us);
  };
  const auto here = [&] {
    return "this host has " + std::to_string(active_.size()) + " runs under way and " +
           std::to_string(before.all) + " in its queue, and takes no more";
  };
  if (static_cast<int>(before.all + before.coming) >= limits_.queued_runs) {
    return away("SLU-6060", here(), before.all);
  }
  if (ask.how == urgency::background && static_cast<int>(before.same_class) >= background_queue_) {
    return away("SLU-6060", here() + " that nobody waits for", before.all);
  }
  if (static_cast<int>(before.own) >= tenant_queue_) {
    return away("SLU-6066",
                "tenant `" + ask.tenant + "` has " + std::to_string(before.own) +
                    " runs in the queue of this host, which is the share of one tenant",
                before.own);
  }
  if (const auto source = too_sick(ask)) {
    return away("SLU-6069", "`" + *source + "` fails or is slow, and as many runs wait for it as may",
                before.all);
  }
  if (ask.how != urgency::essential || limits_.queue_wait_us == 0) return std::nullopt;
  const std::int64_t wait = wait_us(ask, before.same_class, before);
  const std::int64_t longest = longest_turn_us(limits_.queue_wait_us, ask.patience_us);
  if (wait <= longest) return std::nullopt;
  return sent_away("SLU-6068",
                   "the run would wait about " + seconds(wait) +
                       " for its turn on this host, which is longer than " + seconds(longest),
                   wait);
}

std::optional<failure> admission::look(const std::string& tenant, urgency how, std::int64_t patience_us,
                                       std::size_t coming) {
  const auto lock = begin();
  if (const std::int64_t wait = starts_.wait_us(tenant, clock_.steady_us()); wait > 0) {
    return sent_away("SLU-6067", "tenant `" + tenant + "` begins runs faster than this host lets one tenant",
                     wait);
  }
  const admission_ask ask{tenant, how, {}, false, patience_us};
  const bool at_once = occupied() < limits_.active_runs && may_begin(ask);
  if (at_once) return std::nullopt;
  crowd ahead = before(tenant, how);
  ahead.coming = coming;
  return why_not(ask, ahead);
}

}  // namespace sluice::host

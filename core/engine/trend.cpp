#include "engine/trend.hpp"

#include <algorithm>

namespace sluice::engine {

namespace {

trend_times times_of(std::vector<std::int64_t>& all) {
  trend_times out;
  out.count = static_cast<std::int64_t>(all.size());
  if (all.empty()) return out;
  std::sort(all.begin(), all.end());
  constexpr std::array<std::size_t, 3> percents{50, 95, 99};
  for (std::size_t i = 0; i < percents.size(); ++i)
    out.us[i] = all[std::max<std::size_t>((all.size() * percents[i] + 99) / 100, 1) - 1];
  return out;
}

std::int64_t& count_of(trend_part& in, run_state state) {
  switch (state) {
    case run_state::succeeded: return in.succeeded;
    case run_state::failed: return in.failed;
    case run_state::cancelled: return in.cancelled;
    default: return in.partial;
  }
}

}  // namespace

void trend_builder::add(run_state state, std::int64_t created_us, std::int64_t essential_us,
                        std::int64_t ended_us) {
  const std::int64_t length = ask_.to_us - ask_.from_us;
  if (ended_us < ask_.from_us || ended_us >= ask_.to_us) return;
  const auto at = static_cast<std::size_t>((ended_us - ask_.from_us) * ask_.parts / length);
  for (times* to : {&all_, &parts_[at]}) {
    ++count_of(to->counts, state);
    to->whole.push_back(ended_us - created_us);
    if (essential_us > 0) to->essential.push_back(essential_us - created_us);
  }
}

trend_part trend_builder::finish(times& of) {
  trend_part out = of.counts;
  out.essential = times_of(of.essential);
  out.whole = times_of(of.whole);
  return out;
}

trend trend_builder::finish() {
  trend out{finish(all_), {}};
  for (times& part : parts_) out.parts.push_back(finish(part));
  return out;
}

}  // namespace sluice::engine

#include "seeds.hpp"

#include <ctime>
#include <sstream>

namespace sluice::sim {

tally play_all(std::uint64_t first, std::uint64_t last) {
  tally t;
  const std::clock_t began = std::clock();
  for (std::uint64_t seed = first; seed <= last && t.broken.empty(); ++seed) {
    const verdict v = play(seed);
    ++t.seeds;
    t.crashes += v.crashes;
    t.pauses += v.pauses;
    t.take_overs += v.take_overs;
    t.runs += v.runs;
    t.changes += v.store_calls;
    t.overlaps += v.overlaps;
    t.early_pages += v.early_pages;
    t.simulated_s += v.simulated_s;
    if (v.broken.empty()) continue;
    t.broken = v.broken;
    t.failed_seed = seed;
  }
  t.cpu_s = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
  return t;
}

std::string tally::text() const {
  std::ostringstream out;
  out.precision(1);
  out << std::fixed << seeds << " seeds in " << cpu_s << " s of CPU, "
      << (cpu_s > 0 ? static_cast<double>(seeds) / cpu_s : 0) << " seeds/s; " << runs << " runs, " << crashes
      << " crashes, " << pauses << " pauses, " << take_overs << " take-overs, " << changes
      << " transactions, " << overlaps << " batches beside another, " << early_pages << " pages ahead, "
      << simulated_s / 3600 << " simulated hours";
  return out.str();
}

}  // namespace sluice::sim

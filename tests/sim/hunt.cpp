#include "hunt.hpp"

#include <algorithm>
#include <sstream>

#include "gate.hpp"
#include "scenario.hpp"

namespace sluice::sim {

find hunt(planted::bug b, std::uint64_t first, std::uint64_t last) {
  find out{b, 0, {}};
  host_clock_at_store = planted::set_host_off_us;
  for (std::uint64_t seed = first; seed <= last && out.seed == 0; ++seed) {
    planted::choose(b);
    const verdict v = play(seed);
    if (v.broken.empty()) continue;
    out.seed = seed;
    out.broken = v.broken;
  }
  planted::choose(planted::bug::none);
  return out;
}

std::vector<planted::bug> all_bugs() {
  std::vector<planted::bug> out;
  for (int i = 1; i <= planted::bug_count; ++i) out.push_back(static_cast<planted::bug>(i));
  return out;
}

std::string table(const std::vector<find>& finds) {
  std::ostringstream out;
  out << "| # | planted bug | seed | noticed by |\n| --- | --- | --- | --- |\n";
  for (const find& f : finds) {
    std::string broken = f.broken;
    std::replace(broken.begin(), broken.end(), '\x1f', ' ');  // between the parts of a key
    out << "| " << static_cast<int>(f.bug) << " | " << planted::name(f.bug) << " | "
        << (f.seed == 0 ? "not found" : std::to_string(f.seed)) << " | " << broken << " |\n";
  }
  return out.str();
}

}  // namespace sluice::sim

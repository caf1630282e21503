// sluice-sim: plays seeds, replays one, hunts planted bugs.
//
//   sluice-sim --seed N [--trace] [--bug B]   what seed N draws, what happens, and what is broken
//   sluice-sim --seeds A-B [--bug B]          until one breaks a promise; how fast
//   sluice-sim --bugs [--seeds A-B]           a table of all planted bugs and the first seed that finds each
#include <cstdio>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "gate.hpp"
#include "hunt.hpp"
#include "seeds.hpp"

namespace {

using namespace sluice;

constexpr int usage_error = 64;

struct wanted {
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 1, last = 2000;
  planted::bug bug = planted::bug::none;
  bool trace = false, bugs = false;
};

planted::bug bug_from(const std::string& text) {
  for (const planted::bug b : sim::all_bugs()) {
    if (text == planted::name(b) || text == std::to_string(static_cast<int>(b))) return b;
  }
  throw std::invalid_argument("there is no planted bug `" + text + "`");
}

wanted parse(const std::vector<std::string>& words) {
  wanted out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto value = [&]() -> const std::string& {
      if (i + 1 == words.size()) throw std::invalid_argument(words[i] + " needs a value");
      return words[++i];
    };
    if (words[i] == "--seed") out.seed = std::stoull(value());
    else if (words[i] == "--trace") out.trace = true;
    else if (words[i] == "--bugs") out.bugs = true;
    else if (words[i] == "--bug") out.bug = bug_from(value());
    else if (words[i] == "--seeds") {
      const std::string range = value();
      out.first = std::stoull(range);
      const auto dash = range.find('-');
      out.last = dash == std::string::npos ? out.first : std::stoull(range.substr(dash + 1));
    } else {
      throw std::invalid_argument("unknown option " + words[i]);
    }
  }
  return out;
}

void print_event(std::int64_t at_us, int host, std::string_view what) {
  const std::string who = host < 0 ? "--" : "h" + std::to_string(host);
  std::printf("%12.6f %s %.*s\n", static_cast<double>(at_us) / 1e6, who.c_str(),
              static_cast<int>(what.size()), what.data());
}

int replay(const wanted& w) {
  std::printf("seed %llu\n%s", static_cast<unsigned long long>(*w.seed), sim::describe(*w.seed).c_str());
  const sim::verdict v = sim::play(*w.seed, w.trace ? sim::tell_fn(print_event) : sim::tell_fn());
  std::printf("%d runs, %d crashes, %d pauses, %d take-overs, trace %016llx\n%s\n", v.runs, v.crashes,
              v.pauses, v.take_overs, static_cast<unsigned long long>(v.trace),
              v.broken.empty() ? "all promises were kept" : ("BROKEN " + v.broken).c_str());
  return v.broken.empty() ? 0 : 1;
}

int run(const wanted& w) {
  if (w.bugs) {
    std::vector<sim::find> finds;
    for (const planted::bug b : sim::all_bugs()) finds.push_back(sim::hunt(b, w.first, w.last));
    std::printf("%s", sim::table(finds).c_str());
    return 0;
  }
  sim::host_clock_at_store = planted::set_host_off_us;
  planted::choose(w.bug);
  if (w.seed) return replay(w);
  const sim::tally t = sim::play_all(w.first, w.last);
  std::printf("%s\n", t.text().c_str());
  if (t.broken.empty()) return 0;
  std::printf("seed %llu: BROKEN %s\n", static_cast<unsigned long long>(t.failed_seed), t.broken.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse({argv + 1, argv + argc}));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sluice-sim: %s\n", e.what());
    return usage_error;
  }
}

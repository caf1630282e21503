#include "plugin/suggest.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace sluice::plugin {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string nearest(std::string_view word, std::span<const std::string> known) {
  std::string best;
  std::size_t least = 0;
  for (const std::string& candidate : known) {
    const std::size_t d = distance(word, candidate);
    if (3 * d > std::max<std::size_t>(candidate.size(), 3)) continue;
    if (best.empty() || d < least) {
      best = candidate;
      least = d;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, std::span<const std::string> known) {
  if (const std::string near = nearest(word, known); !near.empty()) return "did you mean `" + near + "`?";
  std::string all;
  for (const std::string& k : known) all += (all.empty() ? "known are: " : ", ") + k;
  return all;
}

}  // namespace sluice::plugin

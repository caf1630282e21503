#include "observe/instant.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace sluice::observe {

std::string rfc3339(std::int64_t unix_us) {
  const std::int64_t fraction = (unix_us % 1'000'000 + 1'000'000) % 1'000'000;
  const auto seconds = static_cast<std::time_t>((unix_us - fraction) / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + n, text.size() - n, ".%06dZ", static_cast<int>(fraction));
  return text.data();
}

}  // namespace sluice::observe

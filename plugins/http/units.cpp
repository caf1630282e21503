#include "units.hpp"

#include <array>
#include <charconv>
#include <string>
#include <utility>

#include <sluice/failure.hpp>

#include "codes.hpp"

namespace sluice::http {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;
constexpr std::array<unit, 4> durations{unit{"ms", 1}, unit{"s", 1000}, unit{"m", 60'000}, unit{"h", 3'600'000}};
constexpr std::array<unit, 6> sizes{unit{"B", 1}, unit{"KiB", 1U << 10U}, unit{"MiB", 1U << 20U},
                                    unit{"GiB", 1U << 30U}, unit{"KB", 1000}, unit{"MB", 1'000'000}};

template <std::size_t N>
std::uint64_t parse(std::string_view text, const std::array<unit, N>& units, std::string_view where, const char* like) {
  std::uint64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units) {
    if (ec == std::errc{} && rest == name && number > 0 && number <= 1'000'000'000) return number * factor;
  }
  throw failure(status::invalid, codes::bad_config,
                std::string(where) + ": `" + std::string(text) + "` is not understood; write it like `" + like + "`");
}

}  // namespace

std::chrono::milliseconds parse_duration(std::string_view text, std::string_view where) {
  return std::chrono::milliseconds(parse(text, durations, where, "30s"));
}

std::uint64_t parse_size(std::string_view text, std::string_view where) { return parse(text, sizes, where, "32MiB"); }

std::uint64_t parse_rate(std::string_view text, std::string_view where) {
  if (!text.ends_with("/s")) {
    throw failure(status::invalid, codes::bad_config,
                  std::string(where) + ": `" + std::string(text) + "` is not understood; write it like `1KiB/s`");
  }
  return parse(text.substr(0, text.size() - 2), sizes, where, "1KiB/s");
}

}  // namespace sluice::http

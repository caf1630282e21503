#include "observe/identifiers.hpp"

#include <algorithm>

namespace sluice::observe {

namespace {

std::string hex(std::uint64_t value, int digits) {
  std::string out(static_cast<std::size_t>(digits), '0');
  for (auto it = out.rbegin(); it != out.rend(); ++it, value >>= 4) *it = "0123456789abcdef"[value & 15];
  return out;
}

bool id_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ':';
}

}  // namespace

std::string correlation_id(std::string_view tenant, std::int64_t unix_ms, std::uint64_t random) {
  return "sync-" + std::string(tenant) + "-" + std::to_string(unix_ms) + "-" + hex(random, 8);
}

bool valid_correlation_id(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), id_char);
}

std::string uuid_v7(std::int64_t unix_ms, std::uint64_t random_high, std::uint64_t random_low) {
  const std::string time = hex(static_cast<std::uint64_t>(unix_ms), 12);
  const std::string variant = hex(0x8000U | (random_low >> 48 & 0x3fffU), 4);
  return time.substr(0, 8) + "-" + time.substr(8) + "-7" + hex(random_high, 3) + "-" + variant + "-" +
         hex(random_low, 12);
}

}  // namespace sluice::observe

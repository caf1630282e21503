// Knows every secret that the host has loaded and takes them out of text, also in the forms in which
// they usually leak: base64 (at any alignment), percent-encoded, escaped for JSON. Thread-safe.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::observe {

class redactor {
 public:
  static constexpr std::string_view mark = "[redacted]";
  // Shorter values are not looked for: they would blot out ordinary text and protect nothing.
  static constexpr std::size_t shortest = 4;

  redactor() = default;
  redactor(const redactor&) = delete;
  redactor& operator=(const redactor&) = delete;

  void add(std::string_view secret);
  [[nodiscard]] std::string redact(std::string_view text) const;
  [[nodiscard]] bool holds_secret(std::string_view text) const;

 private:
  void add_form(std::string form);
  [[nodiscard]] std::size_t match(std::string_view text) const;  // length of the longest secret at the start

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint32_t, std::vector<std::string>> by_prefix_;  // the first four bytes
};

}  // namespace sluice::observe

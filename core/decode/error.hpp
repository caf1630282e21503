// How a page or a mapping fails as a whole. What is wrong with one record or row is a reject instead.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::decode {

// Every code of this room, once.
namespace codes {
inline constexpr std::string_view bad_mapping = "SLU-4001";  // the map can't be compiled
inline constexpr std::string_view empty_page = "SLU-4101";   // no bytes
inline constexpr std::string_view not_json = "SLU-4102";     // HTML, plain text
inline constexpr std::string_view truncated = "SLU-4103";    // the page ends too early
inline constexpr std::string_view malformed = "SLU-4104";    // JSON's grammar is broken
inline constexpr std::string_view not_utf8 = "SLU-4105";
inline constexpr std::string_view no_records = "SLU-4106";  // nothing usable at the records pointer
inline constexpr std::string_view too_many_records = "SLU-4107";
inline constexpr std::string_view page_too_large = "SLU-4108";
inline constexpr std::string_view bad_csv = "SLU-4109";  // quoting or header
}  // namespace codes

class error : public std::runtime_error {
 public:
  error(std::string_view code, const std::string& message, bool retry = false)
      : std::runtime_error(message), code_(code), retry_(retry) {}

  [[nodiscard]] std::string_view code() const noexcept { return code_; }
  // True when asking for the same page again may help: it was cut off on its way.
  [[nodiscard]] bool retry() const noexcept { return retry_; }

 private:
  std::string_view code_;  // one of `codes`
  bool retry_;
};

}  // namespace sluice::decode

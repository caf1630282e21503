// The header of a request, read strictly: what two programs on the way could understand differently is refused, since
// the border between two requests is what smuggling plays with. Beast's parser reads the same bytes afterwards, and
// the body; it lets through more than this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::server {

struct limits {
  static constexpr std::size_t header = 8 * 1024, fields = 64, target = 4 * 1024, body = 64 * 1024;
  static constexpr int header_seconds = 10, body_seconds = 30, idle_seconds = 60, write_seconds = 30;
  static constexpr int farewell_seconds = 2;  // our last word goes out at once; this is for the answer to it
  static constexpr std::size_t dropped =
      4 * 1024 * 1024;  // of a body that was refused before it was all here
};

struct request_head {
  std::string method, target;
  bool keep_alive = true;
  bool chunked = false;
  std::optional<std::uint64_t> length;
  std::map<std::string, std::string, std::less<>> fields;  // names in lower case; equal ones joined by ", "

  [[nodiscard]] bool has_body() const { return chunked || (length && *length > 0); }
};

// What the field Host may say.
enum class host_names : std::uint8_t {
  addresses,  // and localhost: a page in a browser can have its own name lead here, but no address
  any,
};

// `text` ends with the empty line. Throws refusal (SLU-7102, SLU-7103).
[[nodiscard]] request_head read_head(std::string_view text, host_names allowed = host_names::addresses);

}  // namespace sluice::server

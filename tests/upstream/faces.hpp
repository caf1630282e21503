// The same data as other systems would show them: SCIM 2.0, lists with Link headers, last ids, trees, maps, events.
// README.md says what each looks like.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "upstream/pages.hpp"
#include "upstream/world.hpp"

namespace sluice::upstream {

struct face_request {
  const tenant& of;
  std::vector<std::string> path;  // behind the tenant
  const query_map& query;
  std::string base;  // the tenant's address
  std::string accept;
  std::uint32_t max_limit = 0;
  bool first_again = false;  // spoiled: whatever is asked for, the list from its start
};

struct face_page {
  std::string body;
  int status = 200;
  std::string type = "application/json";
  std::map<std::string, std::string> headers;
  std::string list;  // what the oracle calls it
  std::uint32_t from = 0, to = 0, count = 0;
};

// Nothing: the path is none of theirs. Throws bad_request.
[[nodiscard]] std::optional<face_page> make_face(const face_request&);

using ordered = nlohmann::ordered_json;

// What they share.
struct part {
  std::uint32_t from = 0, to = 0;  // of the rows of a list
};
[[nodiscard]] std::vector<std::uint32_t> live_rows(const tenant&, list, std::int64_t since_us);
[[nodiscard]] part cut(const face_request&, const std::vector<std::uint32_t>& rows, std::uint64_t from,
                       std::uint32_t size);
[[nodiscard]] face_page page_of(const ordered& body, part);
[[nodiscard]] std::string instant_text(std::int64_t us);

inline constexpr std::int64_t ever = std::numeric_limits<std::int64_t>::min();
// A parameter that takes a time in whole units.
[[nodiscard]] std::int64_t updated_since(const query_map&, const char* name, std::int64_t unit_us);

[[nodiscard]] face_page scim_users(const face_request&);
[[nodiscard]] std::optional<face_page> stripe(const face_request&);
[[nodiscard]] std::optional<face_page> tree(const face_request&);
[[nodiscard]] std::optional<face_page> role_mappings(const face_request&);
[[nodiscard]] face_page events(const face_request&);

}  // namespace sluice::upstream

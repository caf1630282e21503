#include "upstream/digest.hpp"

#include <array>

#include <openssl/sha.h>

#include "upstream/records.hpp"

namespace sluice::upstream {
namespace {
constexpr std::array<std::string_view, list_count> streams{
    "entities", "entities", "entities", "memberships", "entity_credits", "roles", "role_parts", "role_assignments"};

bool belongs(list l, std::uint32_t at, const cell& c, std::uint32_t user) {
  switch (l) {
    case list::users: return at == user;
    case list::memberships: case list::credits: case list::assignments:
      return c.owner.what == kind::user && c.owner.at == user;
    default: return false;
  }
}
}  // namespace

std::uint64_t row_digest(std::string_view columns) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> sum{};
  SHA256(reinterpret_cast<const unsigned char*>(columns.data()), columns.size(), sum.data());
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < 8; ++i) out = (out << 8U) | sum[i];
  return out;
}

std::map<std::string, stream_state> state_of(const tenant& t, std::optional<std::uint32_t> user) {
  std::map<std::string, stream_state> out;
  std::string row;
  for (std::size_t i = 0; i < list_count; ++i) {
    const auto l = static_cast<list>(i);
    stream_state& stream = out[std::string(streams[i])];
    std::uint64_t live = 0;
    for (std::uint32_t at = 0; at < t.rows(l).size(); ++at) {
      const cell& c = t.rows(l)[at];
      if (c.gone || (user && !belongs(l, at, c, *user))) continue;
      row.clear();
      put_columns(row, t, l, at);
      stream.digest += row_digest(row);
      ++live;
    }
    stream.count += live;
    if (i < kind_names.size()) out["entities:" + std::string(kind_names[i])].count = live;
  }
  return out;
}

}  // namespace sluice::upstream

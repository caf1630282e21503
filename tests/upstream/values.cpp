#include "upstream/values.hpp"

#include <array>

#include "upstream/text.hpp"

namespace sluice::upstream {
namespace {

constexpr std::int64_t day_us = 86'400'000'000LL;

// A parent comes before or after its child, and no walk upwards meets a group twice.
maybe_text parent_of(const tenant& t, std::uint32_t at) {
  if (at == 0) return std::nullopt;
  const auto groups = static_cast<std::uint32_t>(t.rows(list::groups).size());
  if (at >= 3 && at % 7 == 3 && at + 1 < groups) return entity_id(kind::group, at + 1);
  return entity_id(kind::group, at / 4);
}

std::string amount_text(std::uint64_t h) {
  constexpr std::uint64_t digits18 = 1'000'000'000'000'000'000ULL;
  const std::string whole = number_text(mix(h) % 100'000), cents = number_text(mix(h + 1) % 100, 2);
  switch (h % 8) {
    case 0: return whole + "." + cents;
    case 1: return whole;
    case 2: return "1" + number_text(mix(h) % digits18, 18) + number_text(mix(h + 2) % digits18, 18) + ".450";
    case 3: return "0.000000000000000001";
    case 4: return whole + ".000";
    case 5: return "9007199254740993." + cents;
    case 6: return "1844674407370955161" + number_text(mix(h) % 10) + "7";
    default: return "0." + cents + "0";
  }
}

}  // namespace

std::string user_id(std::uint32_t at) { return "u-" + number_text(at, 6); }

std::string role_id(std::uint32_t at) {
  const std::string n = number_text(at);
  switch (at % 5) {
    case 1: return "r " + n + "/ü%";
    case 3: return "r+" + n + "&x=1";
    case 4: return "Rolle «" + n + "»";
    default: return "r-" + n;
  }
}

std::string number_text(std::uint64_t n, int width) {
  std::string out;
  put_number(out, n, width);
  return out;
}

std::string entity_id(kind what, std::uint32_t at) {
  return what == kind::user ? user_id(at) : number_text(at + 1U);
}

entity_values values_of_entity(const tenant& t, kind what, std::uint32_t at) {
  const auto l = static_cast<list>(what);
  const cell& c = t.rows(l)[at];
  entity_values v;
  v.h = t.hash(l, at, c.version, 1);
  if (v.h % 29 != 7) v.name = make_name(v.h);
  v.created_us = 1'420'070'400'000'000LL + static_cast<std::int64_t>(t.hash(l, at, 0, 2) % 200'000'000ULL) * 1'000'000LL;
  if (what == kind::group) {
    v.parent = parent_of(t, at);
    return v;
  }
  v.enabled = v.h % 23 != 0;
  const auto mail = mix(v.h) % 11;
  v.email_absent = mail == 3;
  if (mail != 3 && mail != 5) {
    v.email = (what == kind::user ? "u" : "org") + number_text(at) + (c.version == 0 ? "" : ".v" + number_text(c.version)) +
              "@" + t.name() + ".example";
  }
  return v;
}

credit_values values_of_credit(const tenant& t, std::uint32_t at) {
  const cell& c = t.rows(list::credits)[at];
  const std::uint64_t h = t.hash(list::credits, at, c.version, 1);
  credit_values v;
  v.id = "c-" + number_text(at, 6);
  v.owner = entity_id(c.owner.what, c.owner.at);
  v.balance = h % 4 == 0;
  v.amount = (v.balance && mix(h) % 3 == 0 ? "-1" : "") + amount_text(mix(h + 3));
  v.amount_as_text = mix(h + 4) % 3 == 0;
  constexpr std::array<const char*, 4> currencies{"EUR", "USD", "JPY", "KWD"}, units{"api_calls", "seats", "GB·h", "crédits"};
  if (mix(h + 5) % 2 == 0) v.currency = currencies[h % 4];
  else v.unit = units[h % 4];
  v.effective_us = 1'700'000'000'000'000LL + static_cast<std::int64_t>(h % 10'000'000ULL) * 1'000'000LL;
  if (mix(h + 6) % 3 == 0) v.expires_us = v.effective_us + 365 * day_us + static_cast<std::int64_t>(h % 1'000'000ULL);
  if (mix(h + 7) % 17 == 0) v.voided_us = v.effective_us + day_us;
  if (mix(h + 8) % 5 != 0) v.description = make_phrase(h, 4);
  return v;
}

role_values values_of_role(const tenant& t, std::uint32_t at) {
  const std::uint64_t h = t.hash(list::roles, at, t.rows(list::roles)[at].version, 1);
  role_values v{.id = role_id(at), .name = make_name(h), .description = std::nullopt, .composite = at % 5 == 0};
  if (h % 3 != 0) v.description = make_phrase(h, 6);
  return v;
}

assignment_values values_of_assignment(const tenant& t, std::uint32_t at) {
  const cell& c = t.rows(list::assignments)[at];
  const std::uint64_t fixed = t.hash(list::assignments, at, 0, 1), h = t.hash(list::assignments, at, c.version, 1);
  assignment_values v;
  v.owner = entity_id(c.owner.what, c.owner.at);
  v.role = role_id(t.role_of(at));
  if (fixed % 3 == 0) v.scope = number_text(1 + fixed % t.rows(list::organizations).size());
  v.granted_us = 1'700'000'000'000'000LL + static_cast<std::int64_t>(h % 20'000'000ULL) * 1'000'000LL;
  if (mix(h) % 4 == 0) v.expires_us = v.granted_us + 30 * day_us;
  return v;
}

membership_values values_of_membership(const tenant& t, std::uint32_t at) {
  const cell& c = t.rows(list::memberships)[at];
  membership_values v;
  v.container = c.slot == 0 ? kind::organization : kind::group;
  v.container_id = entity_id(v.container, t.container_of(at));
  v.member_id = user_id(c.owner.at);
  const auto h = t.hash(list::memberships, at, 0, 1) % 4;
  if (h == 0) v.role = "owner";
  else if (h < 3) v.role = "member";
  return v;
}

std::string part_role(const tenant& t, const cell& c) {
  return role_id(static_cast<std::uint32_t>((c.owner.at + c.slot) % t.rows(list::roles).size()));
}

}  // namespace sluice::upstream

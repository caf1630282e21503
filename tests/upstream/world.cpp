#include "upstream/world.hpp"

#include <algorithm>

#include "upstream/text.hpp"

namespace sluice::upstream {
namespace {
constexpr std::int64_t hour_us = 3'600'000'000LL;
constexpr std::int64_t first_day_us = 1'717'200'000'000'000LL;  // 2024-06-01T00:00:00Z

// Some time in the 300 days before the first day; a third of them with a fraction of a second.
std::int64_t past(std::uint64_t h) {
  const auto us = static_cast<std::int64_t>(h % (300ULL * 86'400ULL * 1'000'000ULL));
  return first_day_us - (h % 3 == 0 ? us : us / 1'000'000 * 1'000'000) - 1'000'000;
}
}  // namespace

tenant::tenant(std::string name, std::uint32_t entities, std::uint64_t seed)
    : name_(std::move(name)), root_(mix(seed ^ hash_text(name_))) {
  const std::uint32_t organizations = std::max(1U, entities / 10), groups = std::max(1U, entities / 20);
  const std::uint32_t users = entities > organizations + groups ? entities - organizations - groups : 1;
  const std::uint32_t roles = std::clamp(entities / 20, 5U, 50U);
  by_role_.resize(roles);
  for (std::uint32_t i = 0; i < roles; ++i) {
    add(list::roles, {}, 0, past(hash(list::roles, i, 0, 99)));
    for (std::uint8_t part = 1; i % 5 == 0 && part <= 2; ++part) {
      add(list::role_parts, {kind::user, i}, part, past(hash(list::roles, i, part, 99)));
    }
  }
  for (std::uint32_t i = 0; i < organizations; ++i) add_entity(kind::organization, past(hash(list::organizations, i, 0, 99)));
  for (std::uint32_t i = 0; i < groups; ++i) add_entity(kind::group, past(hash(list::groups, i, 0, 99)));
  for (std::uint32_t i = 0; i < users; ++i) add_entity(kind::user, past(hash(list::users, i, 0, 99)));
}

std::uint64_t tenant::hash(list l, std::uint32_t at, std::uint32_t version, std::uint32_t salt) const noexcept {
  return mix(mix(root_ ^ (static_cast<std::uint64_t>(at) << 8U) ^ static_cast<std::uint64_t>(l)) ^
             (static_cast<std::uint64_t>(version) << 32U) ^ salt);
}

std::uint32_t tenant::role_of(std::uint32_t assignment) const noexcept {
  const auto roles = static_cast<std::uint32_t>(by_role_.size());
  const cell& c = rows(list::assignments)[assignment];
  const std::uint64_t h = hash(list::assignments, c.owner.at, static_cast<std::uint32_t>(c.owner.what), 7);
  return static_cast<std::uint32_t>((h + c.slot * (1 + mix(h) % (roles - 1))) % roles);
}

std::uint32_t tenant::container_of(std::uint32_t membership) const noexcept {
  const cell& c = rows(list::memberships)[membership];
  const list l = c.slot == 0 ? list::organizations : list::groups;
  return static_cast<std::uint32_t>(hash(list::memberships, c.owner.at, c.slot, 8) % rows(l).size());
}

void tenant::add(list l, entity_ref owner, std::uint8_t slot, std::int64_t at_us) {
  table(l).push_back({.updated_us = at_us, .version = 0, .owner = owner, .slot = slot, .gone = false});
  ++live_[static_cast<std::size_t>(l)];
}

void tenant::add_entity(kind what, std::int64_t at_us) {
  const auto l = static_cast<list>(what);  // the first three lists are the kinds, in order
  const auto size = [&](list t) { return static_cast<std::uint32_t>(rows(t).size()); };
  const entity_ref self{what, size(l)};
  const user_part part{size(list::memberships), self.at % 3 == 0 ? 2U : 1U, size(list::credits), size(list::assignments)};
  add(l, {}, 0, at_us);
  add(list::credits, self, 0, at_us);
  for (std::uint8_t slot = 0; slot < assignments_each; ++slot) {
    add(list::assignments, self, slot, at_us);
    by_role_[role_of(part.assignment + slot)].push_back(part.assignment + slot);
  }
  if (what != kind::user) return;
  for (std::uint8_t slot = 0; slot < part.memberships; ++slot) add(list::memberships, self, slot, at_us);
  parts_.push_back(part);
}

change_counts tenant::advance(const change& wanted) {
  ++version_;
  change_counts counts{.version = version_, .updated_us = first_day_us + version_ * hour_us};
  for (const list l : {list::users, list::organizations, list::groups, list::credits, list::roles, list::assignments}) {
    touch(counts, l, wanted.percent);
  }
  const auto users = static_cast<std::uint32_t>(rows(list::users).size());
  std::uint32_t left = std::min(wanted.remove, live(list::users));
  for (std::uint64_t h = mix(root_ ^ version_); left > 0; h = mix(h)) {
    auto user = static_cast<std::uint32_t>(h % users);
    while (rows(list::users)[user].gone) user = (user + 1) % users;
    remove_user(user, counts);
    --left;
  }
  if (wanted.strip) strip_user(*wanted.strip, counts);
  for (std::uint32_t i = 0; i < wanted.create; ++i) {
    const auto before = rows(list::memberships).size();
    add_entity(kind::user, counts.updated_us);
    counts.created += 2 + assignments_each + static_cast<std::uint32_t>(rows(list::memberships).size() - before);
  }
  return counts;
}

void tenant::touch(change_counts& counts, list l, double percent) {
  if (percent <= 0 || live(l) == 0) return;
  auto& rows = table(l);
  const auto n = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(live(l) * percent / 100.0));
  // A stride through the table that meets no row twice: its length is odd and the walk is over a power of two.
  std::uint64_t span = 1;
  while (span < rows.size()) span <<= 1U;
  std::uint64_t at = hash(l, 0, version_, 5) & (span - 1);
  const std::uint64_t stride = hash(l, 0, version_, 6) | 1U;
  std::uint64_t done = 0;
  for (std::uint64_t step = 0; step < span && done < n; ++step, at = (at + stride) & (span - 1)) {
    if (at >= rows.size() || rows[at].gone) continue;
    rows[at].version = version_;
    rows[at].updated_us = counts.updated_us + static_cast<std::int64_t>(done);
    ++done;
  }
  counts.updated += static_cast<std::uint32_t>(done);
}

void tenant::drop(list l, std::uint32_t at, change_counts& counts) {
  cell& c = table(l)[at];
  if (c.gone) return;
  c.gone = true;
  c.updated_us = counts.updated_us;
  --live_[static_cast<std::size_t>(l)];
  ++counts.deleted;
}

void tenant::strip_user(std::uint32_t user, change_counts& counts) {
  const user_part part = parts_[user];
  drop(list::credits, part.credit, counts);
  drop(list::memberships, part.membership + part.memberships - 1, counts);
  drop(list::assignments, part.assignment, counts);
}

void tenant::remove_user(std::uint32_t user, change_counts& counts) {
  const user_part part = parts_[user];
  drop(list::users, user, counts);
  drop(list::credits, part.credit, counts);
  for (std::uint32_t i = 0; i < part.memberships; ++i) drop(list::memberships, part.membership + i, counts);
  for (std::uint32_t i = 0; i < assignments_each; ++i) drop(list::assignments, part.assignment + i, counts);
}

}  // namespace sluice::upstream

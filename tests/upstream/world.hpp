// The data of the simulated upstream: which records exist, in which version, and how they change. What a record
// holds is computed from (seed, tenant, list, position, version) whenever it is needed, in records.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::upstream {

enum class list : std::uint8_t { users, organizations, groups, memberships, credits, roles, role_parts, assignments };
inline constexpr std::size_t list_count = 8;
inline constexpr std::array<std::string_view, list_count> list_names{
    "users", "organizations", "groups", "memberships", "credits", "roles", "role-parts", "assignments"};

enum class kind : std::uint8_t { user, organization, group };
inline constexpr std::array<std::string_view, 3> kind_names{"user", "organization", "group"};

struct entity_ref {
  kind what = kind::user;
  std::uint32_t at = 0;
};

struct cell {
  std::int64_t updated_us = 0;
  std::uint32_t version = 0;
  entity_ref owner;        // of a membership, credit or assignment
  std::uint8_t slot = 0;   // which one of its owner's
  bool gone = false;
};

struct change {
  double percent = 0;
  std::uint32_t create = 0, remove = 0;
  std::optional<std::uint32_t> strip;  // a user that loses its credit, one assignment and one membership
};
struct change_counts {
  std::uint32_t version = 0, updated = 0, created = 0, deleted = 0;
  std::int64_t updated_us = 0;
};

// The row numbers that belong to one user.
struct user_part {
  std::uint32_t membership = 0, memberships = 0, credit = 0, assignment = 0;
};
inline constexpr std::uint32_t assignments_each = 2;

class tenant {
 public:
  tenant(std::string name, std::uint32_t entities, std::uint64_t seed);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] std::uint32_t version() const noexcept { return version_; }
  [[nodiscard]] const std::vector<cell>& rows(list l) const noexcept { return rows_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] std::uint32_t live(list l) const noexcept { return live_[static_cast<std::size_t>(l)]; }
  [[nodiscard]] const user_part& part_of(std::uint32_t user) const { return parts_.at(user); }
  [[nodiscard]] const std::vector<std::uint32_t>& assignments_of_role(std::uint32_t role) const { return by_role_.at(role); }

  // Always the same number for the same arguments: the root of every value.
  [[nodiscard]] std::uint64_t hash(list l, std::uint32_t at, std::uint32_t version, std::uint32_t salt) const noexcept;
  [[nodiscard]] std::uint32_t role_of(std::uint32_t assignment) const noexcept;
  [[nodiscard]] std::uint32_t container_of(std::uint32_t membership) const noexcept;  // position of its container

  change_counts advance(const change&);

 private:
  std::vector<cell>& table(list l) noexcept { return rows_[static_cast<std::size_t>(l)]; }
  void add(list l, entity_ref owner, std::uint8_t slot, std::int64_t at_us);
  void add_entity(kind what, std::int64_t at_us);
  void touch(change_counts&, list l, double percent);
  void strip_user(std::uint32_t user, change_counts&);
  void remove_user(std::uint32_t user, change_counts&);
  void drop(list l, std::uint32_t at, change_counts&);

  std::string name_;
  std::uint64_t root_ = 0;
  std::uint32_t version_ = 0;
  std::array<std::vector<cell>, list_count> rows_;
  std::array<std::uint32_t, list_count> live_{};
  std::vector<user_part> parts_;
  std::vector<std::vector<std::uint32_t>> by_role_;
};

}  // namespace sluice::upstream

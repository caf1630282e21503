// The values of each record, computed from (seed, tenant, list, position, version).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "upstream/world.hpp"

namespace sluice::upstream {

using maybe_text = std::optional<std::string>;

struct entity_values {
  maybe_text name, email, parent;
  std::optional<bool> enabled;
  std::int64_t created_us = 0;
  bool email_absent = false;
  std::uint64_t h = 0;
};
struct credit_values {
  std::string id, owner, amount;
  maybe_text currency, unit, description;
  std::int64_t effective_us = 0;
  std::optional<std::int64_t> expires_us, voided_us;
  bool amount_as_text = false, balance = false;
};
struct role_values {
  std::string id, name;
  maybe_text description;
  bool composite = false;
};
struct assignment_values {
  std::string owner, role;
  maybe_text scope;  // an organization's number
  std::int64_t granted_us = 0;
  std::optional<std::int64_t> expires_us;
};

struct membership_values {
  kind container = kind::organization;
  std::string container_id, member_id;
  maybe_text role;
};

[[nodiscard]] std::string number_text(std::uint64_t n, int width = 0);
[[nodiscard]] std::string user_id(std::uint32_t at);
[[nodiscard]] std::string role_id(std::uint32_t at);
[[nodiscard]] std::string entity_id(kind, std::uint32_t at);
[[nodiscard]] entity_values values_of_entity(const tenant&, kind, std::uint32_t at);
[[nodiscard]] credit_values values_of_credit(const tenant&, std::uint32_t at);
[[nodiscard]] role_values values_of_role(const tenant&, std::uint32_t at);
[[nodiscard]] assignment_values values_of_assignment(const tenant&, std::uint32_t at);
[[nodiscard]] membership_values values_of_membership(const tenant&, std::uint32_t at);
[[nodiscard]] std::string part_role(const tenant&, const cell&);  // the part of a role part

}  // namespace sluice::upstream

// The roles domain: a role has a name, is no part of itself, and is given for a time and a scope that
// make sense.
#include <string_view>

#include <sluice/domain.hpp>

#include "sluice_plugin.hpp"

namespace {

namespace role = streams::roles;
namespace part = streams::role_parts;
namespace assignment = streams::role_assignments;

class role_rules {
 public:
  explicit role_rules(const sluice::setup&) {}

  sluice::verdict transform(role::row& row) const {
    if (row.deleted()) return sluice::accept;
    if (sluice::blank(row[role::name].value_or(""))) return sluice::reject(role::name, "is blank");
    if (sluice::blank(row[role::scope].value_or("-"))) row.clear(role::scope);
    return sluice::accept;
  }

  sluice::verdict transform(part::row& row) const {
    if (row[part::role_external_id] == row[part::part_external_id]) {
      return sluice::reject(part::part_external_id, "is the role itself");
    }
    return sluice::accept;
  }

  sluice::verdict transform(assignment::row& row) const {
    if (row.deleted()) return sluice::accept;
    const auto kind = row[assignment::scope_kind];
    const auto id = row[assignment::scope_id];
    if (kind.has_value() != id.has_value()) {
      return kind ? sluice::reject(assignment::scope_id, "is missing, but scope_kind is given")
                  : sluice::reject(assignment::scope_kind, "is missing, but scope_id is given");
    }
    const auto from = row[assignment::granted_at];
    const auto to = row[assignment::expires_at];
    if (from && to && *to <= *from) return sluice::reject(assignment::expires_at, "is not after granted_at");
    return sluice::accept;
  }
};

}  // namespace

SLUICE_PLUGIN(sluice::domain_of<role_rules, components::roles>)

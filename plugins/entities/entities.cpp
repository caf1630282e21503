// The entities domain: what makes a user, an organization, a group or a membership believable.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <sluice/domain.hpp>

#include "sluice_plugin.hpp"

namespace {

namespace entity = streams::entities;
namespace membership = streams::memberships;

class entity_rules {
 public:
  explicit entity_rules(const sluice::setup& s) {
    const auto config = nlohmann::json::parse(s.config_json);
    if (const auto kinds = config.find("kinds"); kinds != config.end()) kinds->get_to(kinds_);
  }

  sluice::verdict transform(entity::row& row) const {
    if (auto why = wrong_kind(row[entity::kind]); !why.empty()) return sluice::reject(entity::kind, why);
    if (!row[entity::parent_external_id])
      row.clear(entity::parent_kind);  // no parent, whatever its kind would be
    if (row.deleted()) return sluice::accept;
    if (sluice::blank(row[entity::name].value_or("-"))) row.clear(entity::name);
    return tidy_email(row);
  }

  sluice::verdict transform(membership::row& row) const {
    const auto container = row[membership::container_kind];
    const auto member = row[membership::member_kind];
    if (auto why = wrong_kind(container); !why.empty())
      return sluice::reject(membership::container_kind, why);
    if (auto why = wrong_kind(member); !why.empty()) return sluice::reject(membership::member_kind, why);
    if (container == member &&
        row[membership::container_external_id] == row[membership::member_external_id]) {
      return sluice::reject(membership::member_external_id, "is its own container");
    }
    if (sluice::blank(row[membership::role].value_or("-"))) row.clear(membership::role);
    return sluice::accept;
  }

 private:
  // Empty: it is one of the kinds, or absent, which the columns' own rules judge.
  [[nodiscard]] std::string wrong_kind(std::optional<std::string_view> kind) const {
    if (!kind || std::ranges::find(kinds_, *kind) != kinds_.end()) return {};
    std::string known;
    for (const std::string& k : kinds_) known += (known.empty() ? "" : ", ") + k;
    return "is `" + std::string(*kind) + "`; the kinds are " + known;
  }

  // One address or none. What stands before the @ may mean upper case; what follows never does.
  static sluice::verdict tidy_email(entity::row& row) {
    const std::string_view email = sluice::trim(row[entity::email].value_or(""));
    if (email.empty()) {
      row.clear(entity::email);
      return sluice::accept;
    }
    const auto at = email.find('@');
    const bool one = at != std::string_view::npos && email.find('@', at + 1) == std::string_view::npos;
    if (!one || at == 0 || at + 1 == email.size() ||
        email.find_first_of(" \t\r\n") != std::string_view::npos) {
      return sluice::reject(entity::email, "is not one e-mail address");
    }
    row.set(entity::email, std::string(email.substr(0, at)) + sluice::to_lower(email.substr(at)));
    return sluice::accept;
  }

  std::vector<std::string> kinds_ = {"user", "organization", "group", "service"};
};

}  // namespace

SLUICE_PLUGIN(sluice::domain_of<entity_rules, components::entities>)

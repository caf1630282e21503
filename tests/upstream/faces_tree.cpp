// Groups as a tree, role mappings as maps, and what happened, much as Keycloak shows them.
#include <algorithm>

#include "upstream/faces.hpp"
#include "upstream/records.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {

// Keycloak's way to page an array: first and max.
face_page array_of(const face_request& r, const std::vector<std::uint32_t>& rows, std::uint32_t usual,
                   const std::function<ordered(std::uint32_t)>& record) {
  const part shown =
      cut(r, rows, number_of(r.query, "first").value_or(0), number_of(r.query, "max").value_or(usual));
  ordered body = ordered::array();
  for (std::uint32_t i = shown.from; i < shown.to; ++i) body.push_back(record(rows[i]));
  return page_of(body, shown);
}

std::vector<std::uint32_t> groups_below(const tenant& t, const maybe_text& parent) {
  auto rows = live_rows(t, list::groups, ever);
  std::erase_if(rows,
                [&](std::uint32_t at) { return values_of_entity(t, kind::group, at).parent != parent; });
  return rows;
}

ordered group(const tenant& t, std::uint32_t at) {
  const entity_values v = values_of_entity(t, kind::group, at);
  ordered out{{"id", entity_id(kind::group, at)}};
  if (v.name) out["name"] = *v.name;
  if (v.parent) out["parentId"] = *v.parent;
  out["subGroupCount"] = groups_below(t, entity_id(kind::group, at)).size();
  out["createdTimestamp"] = v.created_us / 1000;
  out["lastModified"] = static_cast<double>(t.rows(list::groups)[at].updated_us) / 1e3;
  return out;
}

}  // namespace

// The tree from its top, level by level.
std::optional<face_page> tree(const face_request& r) {
  const tenant& t = r.of;
  const auto shown = [&](std::uint32_t at) { return group(t, at); };
  if (r.path[1] != "groups" || r.path.size() == 3 || r.path.size() > 4) return std::nullopt;
  if (r.path.size() == 2) return array_of(r, groups_below(t, std::nullopt), r.max_limit, shown);
  const auto all = live_rows(t, list::groups, ever);
  const auto found =
      std::ranges::find_if(all, [&](std::uint32_t at) { return entity_id(kind::group, at) == r.path[2]; });
  if (found == all.end()) return face_page{.body = R"({"error":"no such group"})", .status = 404};
  if (r.path[3] == "children") return array_of(r, groups_below(t, r.path[2]), 10, shown);
  if (r.path[3] != "members") return std::nullopt;
  auto rows = live_rows(t, list::memberships, ever);
  std::erase_if(rows, [&](std::uint32_t at) {
    const membership_values v = values_of_membership(t, at);
    return v.container != kind::group || v.container_id != r.path[2];
  });
  return array_of(r, rows, 100, [&](std::uint32_t at) {
    const membership_values v = values_of_membership(t, at);
    return v.role ? ordered{{"id", v.member_id}, {"membershipType", *v.role}} : ordered{{"id", v.member_id}};
  });
}

// {"tenantMappings": [role], "scopeMappings": {organization: {"mappings": [role]}}}; what is empty is not there.
std::optional<face_page> role_mappings(const face_request& r) {
  const tenant& t = r.of;
  const auto users = live_rows(t, list::users, ever);
  const auto user = std::ranges::find_if(users, [&](std::uint32_t at) { return user_id(at) == r.path[1]; });
  if (user == users.end()) return std::nullopt;
  ordered body = ordered::object();
  const std::uint32_t first = t.part_of(*user).assignment;
  for (std::uint32_t at = first; at < first + assignments_each; ++at) {
    if (t.rows(list::assignments)[at].gone) continue;
    const assignment_values v = values_of_assignment(t, at);
    ordered one{{"id", v.role},
                {"name", values_of_role(t, t.role_of(at)).name},
                {"granted", instant_text(v.granted_us)}};
    if (v.expires_us) one["expires"] = instant_text(*v.expires_us);
    if (v.scope) body["scopeMappings"][*v.scope]["mappings"].push_back(std::move(one));
    else body["tenantMappings"].push_back(std::move(one));
  }
  return page_of(body, {0, 1});
}

// What happened to role assignments; each brings the record as a text.
face_page events(const face_request& r) {
  const std::vector<cell>& cells = r.of.rows(list::assignments);
  const std::int64_t since = updated_since(r.query, "dateFrom", 1000);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t at = 0; at < cells.size(); ++at) {
    if (cells[at].updated_us >= since) rows.push_back(at);
  }
  return array_of(r, rows, 100, [&](std::uint32_t at) {
    const cell& c = cells[at];
    std::string record;
    if (c.gone) put_deleted(record, r.of, list::assignments, at);
    else put_record(record, r.of, list::assignments, at);
    return ordered{{"id", "e-" + number_text(at) + "." + number_text(c.version)},
                   {"time", static_cast<double>(c.updated_us) / 1e3},
                   {"operationType", c.gone          ? "DELETE"
                                     : c.version > 0 ? "UPDATE"
                                                     : "CREATE"},
                   {"resourceType", "ROLE_MAPPING"},
                   {"representation", record}};
  });
}

}  // namespace sluice::upstream

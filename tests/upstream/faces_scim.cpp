// SCIM 2.0 (RFC 7643, 7644) by index and by cursor (RFC 9865).
#include <algorithm>
#include <limits>

#include "upstream/faces.hpp"
#include "upstream/text.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {

constexpr const char* billing = "urn:sluice:scim:schemas:extension:billing:2.0:User";

ordered groups_of(const tenant& t, const user_part& part) {
  ordered out = ordered::array();
  for (std::uint32_t at = part.membership; at < part.membership + part.memberships; ++at) {
    if (t.rows(list::memberships)[at].gone) continue;
    const membership_values v = values_of_membership(t, at);
    ordered one{{"value", v.container_id}, {"type", kind_names[static_cast<std::size_t>(v.container)]}};
    if (v.role) one["role"] = *v.role;
    out.push_back(std::move(one));
  }
  return out;
}

ordered roles_of(const tenant& t, const user_part& part) {
  ordered out = ordered::array();
  for (std::uint32_t at = part.assignment; at < part.assignment + assignments_each; ++at) {
    if (t.rows(list::assignments)[at].gone) continue;
    const assignment_values v = values_of_assignment(t, at);
    ordered one{{"value", v.role},
                {"display", values_of_role(t, t.role_of(at)).name},
                {"granted", instant_text(v.granted_us)}};
    if (v.scope) one["organization"] = *v.scope;
    if (v.expires_us) one["expires"] = instant_text(*v.expires_us);
    out.push_back(std::move(one));
  }
  return out;
}

ordered credit_of(const tenant& t, std::uint32_t at) {
  const credit_values v = values_of_credit(t, at);
  ordered out{{"id", v.id},
              {"kind", v.balance ? "balance" : "grant"},
              {"amount", v.amount},
              {"effective", instant_text(v.effective_us)}};
  if (v.currency) out["currency"] = *v.currency;
  if (v.unit) out["unit"] = *v.unit;
  if (v.expires_us) out["expires"] = instant_text(*v.expires_us);
  if (v.voided_us) out["voided"] = instant_text(*v.voided_us);
  if (v.description) out["description"] = *v.description;
  return out;
}

// As SCIM has it, what is not known is not there.
ordered user_of(const face_request& r, std::uint32_t at) {
  const tenant& t = r.of;
  const entity_values v = values_of_entity(t, kind::user, at);
  const user_part& part = t.part_of(at);
  ordered out{{"schemas", ordered::array({"urn:ietf:params:scim:schemas:core:2.0:User", billing})},
              {"id", user_id(at)},
              {"userName", "user." + number_text(at)}};
  if (v.name) out["displayName"] = *v.name;
  out["active"] = *v.enabled;
  if (v.email)
    out["emails"] = {{{"value", "home." + *v.email}, {"type", "home"}},
                     {{"value", *v.email}, {"type", "work"}, {"primary", true}}};
  out["groups"] = groups_of(t, part);
  out["roles"] = roles_of(t, part);
  if (!t.rows(list::credits)[part.credit].gone)
    out[billing] = {{"credits", ordered::array({credit_of(t, part.credit)})}};
  out["meta"] = {{"resourceType", "User"},
                 {"created", instant_text(v.created_us)},
                 {"lastModified", instant_text(t.rows(list::users)[at].updated_us)},
                 {"location", r.base + "/scim/Users/" + user_id(at)}};
  return out;
}

std::int64_t since_of(const query_map& query) {
  constexpr std::string_view before = "meta.lastModified ge \"";
  const auto filter = query.find("filter");
  std::int64_t us = std::numeric_limits<std::int64_t>::min();
  if (filter == query.end()) return us;
  const std::string& text = filter->second;
  const bool known = text.starts_with(before) && text.ends_with('"') && text.size() > before.size();
  if (!known ||
      !parse_instant(std::string_view(text).substr(before.size(), text.size() - before.size() - 1), us)) {
    throw bad_request{"the only filter is: meta.lastModified ge \"2026-01-02T03:04:05Z\""};
  }
  return us;
}

}  // namespace

face_page scim_users(const face_request& r) {
  constexpr const char* type = "application/scim+json";
  if (r.accept != type) return {.body = "{\"status\":\"406\"}", .status = 406, .type = type};
  const auto rows = live_rows(r.of, list::users, since_of(r.query));
  const std::uint32_t size = number_of(r.query, "count").value_or(100);
  const auto cursor = r.query.find("cursor");
  const bool by_cursor = cursor != r.query.end();
  const std::uint32_t index = std::max(1U, number_of(r.query, "startIndex").value_or(1));
  std::uint64_t from = index - 1;
  if (by_cursor && cursor->second.empty()) from = 0;
  else if (by_cursor)
    from = static_cast<std::uint64_t>(
        std::ranges::lower_bound(rows, row_of_cursor(list::users, cursor->second)) - rows.begin());
  const part shown = cut(r, rows, from, size);
  ordered body{{"schemas", ordered::array({"urn:ietf:params:scim:api:messages:2.0:ListResponse"})},
               {"totalResults", rows.size()},
               {"itemsPerPage", shown.to - shown.from}};
  if (!by_cursor) body["startIndex"] = index;
  else if (shown.to < rows.size()) body["nextCursor"] = cursor_for(list::users, rows[shown.to]);
  body["Resources"] = ordered::array();
  for (std::uint32_t i = shown.from; i < shown.to; ++i) body["Resources"].push_back(user_of(r, rows[i]));
  face_page out = page_of(body, shown);
  out.type = type;
  return out;
}

}  // namespace sluice::upstream

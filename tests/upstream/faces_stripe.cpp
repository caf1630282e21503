// Customers and credit grants as Stripe lists them.
#include <algorithm>

#include "upstream/faces.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {

// Stripe's: at most 100, and an id that is not known begins anew.
std::uint64_t after_id(const face_request& r, const std::vector<std::uint32_t>& rows,
                       const std::function<std::string(std::uint32_t)>& id_of) {
  const auto given = r.query.find("starting_after");
  if (given == r.query.end()) return 0;
  const auto found = std::ranges::find_if(rows, [&](std::uint32_t at) { return id_of(at) == given->second; });
  return found == rows.end() ? 0 : static_cast<std::uint64_t>(found - rows.begin()) + 1;
}

face_page stripe_list(const face_request& r, const std::vector<std::uint32_t>& rows,
                      const std::function<std::string(std::uint32_t)>& id_of,
                      const std::function<ordered(std::uint32_t)>& record) {
  const std::uint32_t size = number_of(r.query, "limit").value_or(10);
  if (size > 100) throw bad_request{"limit must be at most 100"};
  const part shown = cut(r, rows, after_id(r, rows, id_of), size);
  ordered body{{"object", "list"},
               {"url", "/v1/" + r.path.back()},
               {"has_more", shown.to < rows.size()},
               {"data", ordered::array()}};
  for (std::uint32_t i = shown.from; i < shown.to; ++i) body["data"].push_back(record(rows[i]));
  return page_of(body, shown);
}

double seconds(std::int64_t us) { return static_cast<double>(us) / 1e6; }

ordered customer(const tenant& t, std::uint32_t at) {
  const entity_values v = values_of_entity(t, kind::user, at);
  ordered out{{"id", user_id(at)},
              {"object", "customer"},
              {"name", nullptr},
              {"email", nullptr},
              {"active", *v.enabled},
              {"created", v.created_us / 1'000'000},
              {"updated", static_cast<double>(t.rows(list::users)[at].updated_us) / 1e3}};
  if (v.name) out["name"] = *v.name;
  if (v.email) out["email"] = *v.email;
  return out;
}

// The amount in hundredths, digit for digit.
std::string minor_units(std::string amount) {
  const auto point = amount.find('.');
  std::string decimals = point == std::string::npos ? "" : amount.substr(point + 1);
  std::string out = amount.substr(0, point);
  decimals.resize(std::max<std::size_t>(decimals.size(), 2), '0');
  out += decimals.substr(0, 2);
  if (decimals.size() > 2) out += "." + decimals.substr(2);
  const bool negative = out.front() == '-';
  const auto digits = std::min(out.find_first_not_of("-0"), out.size());
  const bool whole = digits < out.size() && out[digits] != '.';
  return (negative ? "-" : "") + std::string(whole ? "" : "0") + out.substr(digits);
}

// Grants are worth what they say; a balance is what is owed, so it has the other sign.
ordered credit_grant(const tenant& t, std::uint32_t at) {
  const credit_values v = values_of_credit(t, at);
  ordered out{{"id", v.id},
              {"object", "billing.credit_grant"},
              {"customer", v.owner},
              {"effective_at", seconds(v.effective_us)},
              {"expires_at", nullptr}};
  if (at % 3 == 0) out["customer"] = {{"id", v.owner}, {"object", "customer"}};
  const std::string minor = minor_units(v.amount);
  if (!v.currency) out["amount"] = {{"type", "custom"}, {"custom", {{"unit", *v.unit}, {"value", v.amount}}}};
  else if (v.balance)
    out["balance"] = {{"currency", *v.currency},
                      {"owed", minor.front() == '-' ? minor.substr(1) : "-" + minor}};
  else out["amount"] = {{"type", "monetary"}, {"monetary", {{"currency", *v.currency}, {"value", minor}}}};
  out["category"] = v.balance ? "balance" : "grant";
  if (v.expires_us) out["expires_at"] = seconds(*v.expires_us);
  if (v.voided_us) out["voided_at"] = seconds(*v.voided_us);
  if (v.description) out["name"] = *v.description;
  return out;
}

}  // namespace

std::optional<face_page> stripe(const face_request& r) {
  const tenant& t = r.of;
  if (r.path[1] == "customers") {
    return stripe_list(r, live_rows(t, list::users, updated_since(r.query, "updated[gte]", 1'000'000)),
                       user_id, [&](std::uint32_t at) { return customer(t, at); });
  }
  if (r.path[1] != "credit_grants") return std::nullopt;
  auto rows = live_rows(t, list::credits, ever);
  const auto of = r.query.find("customer");
  std::erase_if(rows, [&](std::uint32_t at) {
    const entity_ref& owner = t.rows(list::credits)[at].owner;
    return owner.what != kind::user || (of != r.query.end() && user_id(owner.at) != of->second);
  });
  return stripe_list(
      r, rows, [&](std::uint32_t at) { return values_of_credit(t, at).id; },
      [&](std::uint32_t at) { return credit_grant(t, at); });
}

}  // namespace sluice::upstream

#include "upstream/faces.hpp"

#include <algorithm>

#include "upstream/records.hpp"
#include "upstream/text.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {

// GitHub's and Gitea's way: an array, and what leads on in the head.
face_page linked_users(const face_request& r) {
  const auto rows = live_rows(r.of, list::users, ever);
  const std::uint32_t size = std::clamp(number_of(r.query, "limit").value_or(30), 1U, r.max_limit);
  const std::uint32_t page = std::max(1U, number_of(r.query, "page").value_or(1));
  const part shown = cut(r, rows, std::uint64_t{page - 1} * size, size);
  std::string body = "[";
  for (std::uint32_t i = shown.from; i < shown.to; ++i) {
    if (i > shown.from) body += ',';
    put_record(body, r.of, list::users, rows[i]);
  }
  face_page out{.body = body + "]", .from = shown.from, .to = shown.to, .count = shown.to - shown.from};
  const auto link = [&](std::size_t n, const std::string& rel) {
    return "<" + r.base + "/link/users?limit=" + number_text(size) + "&page=" + number_text(n) + ">; rel=\"" +
           rel + "\"";
  };
  const std::size_t last = std::max<std::size_t>(1, (rows.size() + size - 1) / size);
  std::string& head = out.headers["Link"];
  if (page > 1) head = link(page - 1, "prev") + ", ";
  if (page < last) head += link(page + 1, "next") + ", ";
  head += link(last, "last");
  out.headers["X-Total-Count"] = number_text(rows.size());
  return out;
}

}  // namespace

std::vector<std::uint32_t> live_rows(const tenant& t, list l, std::int64_t since_us) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t at = 0; at < t.rows(l).size(); ++at) {
    if (!t.rows(l)[at].gone && t.rows(l)[at].updated_us >= since_us) out.push_back(at);
  }
  return out;
}

std::int64_t updated_since(const query_map& query, const char* name, std::int64_t unit_us) {
  const auto given = query.find(name);
  if (given == query.end()) return ever;
  const std::string& text = given->second;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos || text.size() > 13)
    throw bad_request{std::string(name) + " must be a whole number"};
  return std::stoll(text) * unit_us;
}

part cut(const face_request& r, const std::vector<std::uint32_t>& rows, std::uint64_t from,
         std::uint32_t size) {
  if (r.first_again) from = 0;
  const auto all = static_cast<std::uint64_t>(rows.size());
  const std::uint64_t begin = std::min(from, all);
  return {static_cast<std::uint32_t>(begin),
          static_cast<std::uint32_t>(std::min(begin + std::min(size, r.max_limit), all))};
}

face_page page_of(const ordered& body, part shown) {
  return {.body = body.dump(), .from = shown.from, .to = shown.to, .count = shown.to - shown.from};
}

std::string instant_text(std::int64_t us) {
  std::string out;
  put_instant(out, us);
  return out;
}

std::optional<face_page> make_face(const face_request& r) {
  const std::size_t n = r.path.size();
  std::optional<face_page> out;
  if (n == 2 && r.path[0] == "scim" && r.path[1] == "Users") out = scim_users(r);
  if (n == 2 && r.path[0] == "link" && r.path[1] == "users") out = linked_users(r);
  if (n == 2 && r.path[0] == "stripe") out = stripe(r);
  if (n >= 2 && r.path[0] == "tree") out = tree(r);
  if (n == 3 && r.path[0] == "users" && r.path[2] == "role-mappings") out = role_mappings(r);
  if (n == 1 && r.path[0] == "events") out = events(r);
  if (!out) return out;
  out->list = r.path.front() + (n == 1 ? "" : "/" + (n > 2 ? r.path.back() : r.path[1]));
  return out;
}

}  // namespace sluice::upstream

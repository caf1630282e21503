#include "upstream/api.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <set>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "upstream/digest.hpp"
#include "upstream/faces.hpp"
#include "upstream/pages.hpp"
#include "upstream/records.hpp"
#include "upstream/spoil.hpp"
#include "upstream/text.hpp"
#include "upstream/values.hpp"

namespace sluice::upstream {
namespace {
using json = nlohmann::ordered_json;

answer text_answer(int status, std::string body, std::string type = "application/json") {
  return {.status = status, .type = std::move(type), .body = std::make_shared<const std::string>(std::move(body)), .headers = {}, .spoiled = {}};
}
answer error_answer(int status, std::string_view text) { return text_answer(status, json{{"error", text}}.dump()); }

std::optional<std::uint32_t> user_at(const tenant& t, const std::string& id) {
  std::uint32_t at = 0;
  if (!id.starts_with("u-")) return std::nullopt;
  const auto end = id.data() + id.size();
  if (const auto [p, ec] = std::from_chars(id.data() + 2, end, at); ec != std::errc{} || p != end) return std::nullopt;
  if (at >= t.rows(list::users).size() || user_id(at) != id || t.rows(list::users)[at].gone) return std::nullopt;
  return at;
}

std::optional<std::uint32_t> role_at(const tenant& t, const std::string& id) {
  for (std::uint32_t at = 0; at < t.rows(list::roles).size(); ++at) {
    if (role_id(at) == id) return at;
  }
  return std::nullopt;
}

std::optional<list> list_named(const std::string& name) {
  const auto found = std::find(list_names.begin(), list_names.end(), name);
  if (found == list_names.end()) return std::nullopt;
  return static_cast<list>(found - list_names.begin());
}

std::optional<selection> part_of_user(const tenant& t, std::uint32_t user, const std::string& name) {
  const user_part& part = t.part_of(user);
  selection out{.what = list::memberships, .rows = std::vector<std::uint32_t>{}};
  const auto add = [&](std::uint32_t first, std::uint32_t n) {
    for (std::uint32_t i = 0; i < n; ++i) out.rows->push_back(first + i);
  };
  if (name == "memberships") {
    add(part.membership, part.memberships);
  } else if (name == "credits") {
    out.what = list::credits;
    add(part.credit, 1);
  } else if (name == "assignments") {
    out.what = list::assignments;
    add(part.assignment, assignments_each);
  } else if (name == "groups") {
    out.what = list::groups;
    for (std::uint32_t i = 1; i < part.memberships; ++i) out.rows->push_back(t.container_of(part.membership + i));
  } else if (name == "roles") {
    out.what = list::roles;
    std::set<std::uint32_t> roles;
    for (std::uint32_t i = 0; i < assignments_each; ++i) roles.insert(t.role_of(part.assignment + i));
    out.rows->assign(roles.begin(), roles.end());
  } else {
    return std::nullopt;
  }
  return out;
}

// Faults that replace the whole answer by another one.
std::optional<answer> replaced_by(const fault& f) {
  std::optional<answer> out;
  if (f.what == "status") out = text_answer(f.status, f.body, f.type);
  if (f.what == "redirect") {
    out = text_answer(f.status, "");
    out->headers["Location"] = f.to;
  }
  if (f.what == "garbage") out = text_answer(200, "\x01\x02 this is no JSON \xFE\xFF");
  if (f.what == "html") out = text_answer(200, "<!doctype html><html><title>Sign in</title><form>user, password</form></html>", "text/html; charset=utf-8");
  if (f.what == "empty") out = text_answer(200, "");
  if (f.what == "null") out = text_answer(200, "null");
  if (f.what == "huge") out = text_answer(200, R"({"data":[{"id":")" + std::string(static_cast<std::size_t>(f.mib) << 20U, 'x') + R"("}],"next":null,"total":1})");
  if (f.what == "deep") out = text_answer(200, std::string(static_cast<std::size_t>(f.depth), '['));
  if (f.what == "bomb" || f.what == "zstd_bomb") out = text_answer(200, std::string(static_cast<std::size_t>(f.mib) << 20U, ' '));
  if (out) {
    for (const auto& [name, value] : f.headers) out->headers[name] = value;
  }
  return out;
}
}  // namespace

std::string served::to_json() const {
  json out{{"n", n}, {"ms", ms}, {"method", method}, {"target", target}, {"tenant", tenant}, {"list", list}, {"status", status},
           {"from", from}, {"to", to}, {"count", count}, {"bytes", bytes}, {"fault", fault}, {"correlation_id", correlation_id}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string api::target::value(const std::string& name) const {
  const auto found = query.find(name);
  return found == query.end() ? std::string() : found->second;
}

api::target api::split(std::string_view text) {
  target out;
  const auto mark = text.find('?');
  out.path = text.substr(0, mark);
  if (mark != std::string_view::npos) out.query_text = text.substr(mark + 1);
  const auto each = [](std::string_view rest, char by, const auto& fn) {
    while (!rest.empty()) {
      const auto end = std::min(rest.find(by), rest.size());
      fn(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  };
  each(std::string_view(out.path).substr(out.path.starts_with('/') ? 1 : 0), '/',
       [&](std::string_view s) { out.segments.push_back(percent_decode(s)); });
  each(out.query_text, '&', [&](std::string_view pair) {
    const auto eq = pair.find('=');
    out.query[percent_decode(pair.substr(0, eq))] = eq == std::string_view::npos ? "" : percent_decode(pair.substr(eq + 1));
  });
  return out;
}

api::api(options o) : options_(std::move(o)) {
  for (const auto& [name, size] : options_.tenants) tenants_.emplace(name, tenant(name, size, options_.seed));
  if (options_.log_path.empty()) return;
  log_file_ = std::make_shared<std::ofstream>(options_.log_path);
  if (!*log_file_) throw std::runtime_error("cannot write " + options_.log_path + "; give --log another path");
}

answer api::handle(const request& r) {
  const target where = split(r.target);
  const std::lock_guard lock(mutex_);
  try {
    if (!where.segments.empty() && where.segments[0] == "control") return control(r, where);
  } catch (const std::exception& wrong) {
    return error_answer(400, wrong.what());
  }
  const bool for_token = where.segments.size() == 3 && where.segments[0] == "oauth" && where.segments[2] == "token";
  if (!for_token && (where.segments.size() < 4 || where.segments[0] != "v1" || where.segments[1] != "tenants")) {
    return error_answer(404, "no such path; see tests/upstream/README.md");
  }
  served line{.n = ++requests_, .method = r.method, .target = r.target, .tenant = where.segments[for_token ? 1 : 2], .correlation_id = r.correlation_id};
  const fault spoiled = faults_.next(line.n, where.path, where.query_text, line.tenant).value_or(fault{});
  if (const auto world = tenants_.find(line.tenant); spoiled.what == "advance" && world != tenants_.end()) {
    world->second.advance({.percent = spoiled.percent, .create = spoiled.create, .remove = spoiled.remove});
  }
  answer out;
  if (auto other = replaced_by(spoiled)) {
    out = std::move(*other);
  } else {
    try {
      out = for_token ? token(r, line) : reference(where, r, spoiled, line);
    } catch (const bad_request& wrong) {
      out = error_answer(400, wrong.text);
    }
  }
  if (auto text = spoil_text(*out.body, spoiled); text != *out.body) out.body = std::make_shared<const std::string>(std::move(text));
  out.spoiled = spoiled;
  if (!r.correlation_id.empty()) out.headers["X-Correlation-ID"] = r.correlation_id;
  line.status = out.status;
  line.bytes = out.body->size();
  line.fault = spoiled.what;
  record(std::move(line));
  return out;
}

std::optional<answer> api::refuse(const std::string& name, const request& r) const {
  std::string token, user = name;
  if (r.authorization.starts_with("Bearer ")) token = r.authorization.substr(7);
  if (r.authorization.starts_with("Basic ")) {
    const std::string both = base64_decode(std::string_view(r.authorization).substr(6));
    const auto colon = both.find(':');
    user = both.substr(0, colon);
    token = colon == std::string::npos ? "" : both.substr(colon + 1);
  }
  const auto token_of = [&](const std::string& t) {
    const auto given = options_.tokens.find(t);
    return given == options_.tokens.end() ? "token-" + t : given->second;
  };
  std::string owner = desk_.owner(token).value_or("");
  for (const auto& [t, data] : tenants_) {  // one that several have in common is that of the tenant that is named
    if (owner != name && !token.empty() && token_of(t) == token && (user == name || user == t)) owner = t;
  }
  if (owner.empty()) return error_answer(401, "the token is missing or wrong");
  if (!tenants_.contains(name)) return error_answer(404, "no tenant " + name);
  if (owner != name) return error_answer(403, "this token is for another tenant");
  return std::nullopt;
}

std::optional<answer> api::faced(const target& where, const request& r, const fault& spoiled, served& line) const {
  auto page = make_face({.of = tenants_.at(line.tenant),
                         .path = {where.segments.begin() + 3, where.segments.end()},
                         .query = where.query,
                         .base = "http://" + r.host + "/v1/tenants/" + line.tenant,
                         .accept = r.accept,
                         .max_limit = options_.max_limit,
                         .first_again = spoiled.what == "repeat"});
  if (!page) return std::nullopt;
  line.list = page->list;
  line.from = page->from, line.to = page->to, line.count = page->count;
  answer out = text_answer(page->status, std::move(page->body), page->type);
  out.headers = std::move(page->headers);
  return out;
}

answer api::reference(const target& where, const request& r, const fault& spoiled, served& line) const {
  if (auto no = refuse(line.tenant, r)) return std::move(*no);
  if (r.method != "GET") return error_answer(405, "only GET");
  const tenant& t = tenants_.at(line.tenant);
  const auto& s = where.segments;
  line.list = s[3];
  if (auto other = faced(where, r, spoiled, line)) return std::move(*other);
  std::optional<selection> chosen;
  if (s.size() == 4) {
    if (const auto whole = list_named(s[3])) chosen = selection{.what = *whole, .rows = std::nullopt};
  } else if (s[3] == "users") {
    const auto user = user_at(t, s[4]);
    if (!user) return error_answer(404, "no user " + s[4]);
    if (s.size() == 5) {
      std::string body;
      put_record(body, t, list::users, *user);
      line.from = *user, line.to = *user + 1, line.count = 1;
      return text_answer(200, std::move(body));
    }
    if (s.size() == 6) chosen = part_of_user(t, *user, s[5]);
    line.list = s[3] + "/" + s.back();
  } else if (s[3] == "roles" && s.size() == 6 && s[5] == "members") {
    const auto role = role_at(t, s[4]);
    if (!role) return error_answer(404, "no role " + s[4]);
    chosen = selection{.what = list::assignments, .rows = t.assignments_of_role(*role)};
    line.list = "roles/members";
  }
  if (!chosen) return error_answer(404, "no such list");
  page_text page = make_page(t, *chosen, where.query, options_.max_limit, spoiled);
  line.from = page.from, line.to = page.to, line.count = page.count;
  return text_answer(200, std::move(page.body));
}

answer api::token(const request& r, served& line) {
  line.list = "token";
  if (r.method != "POST") return error_answer(405, "only POST");
  token_desk::reply given = desk_.give(line.tenant, r.authorization, r.body);
  answer out = text_answer(given.status, std::move(given.body));
  out.headers["Cache-Control"] = "no-store";
  return out;
}

answer api::control(const request& r, const target& where) {
  const std::string what = where.segments.size() > 1 ? where.segments[1] : "";
  const bool post = r.method == "POST";
  if (what == "advance" && post) {
    const json body = json::parse(r.body);
    const auto found = tenants_.find(body.at("tenant").get<std::string>());
    if (found == tenants_.end()) return error_answer(404, "no such tenant");
    std::optional<std::uint32_t> strip;
    if (body.contains("strip")) {
      strip = user_at(found->second, body.at("strip").get<std::string>());
      if (!strip) return error_answer(404, "no such user");
    }
    const change_counts done = found->second.advance({.percent = body.value("percent", 0.0),
                                                      .create = body.value("create", 0U),
                                                      .remove = body.value("delete", 0U),
                                                      .strip = strip});
    std::string at;
    put_instant(at, done.updated_us);
    return text_answer(200, json{{"version", done.version}, {"updated", done.updated}, {"created", done.created},
                                 {"deleted", done.deleted}, {"updated_at", at}}.dump());
  }
  if (what == "state") return state(where);
  if (what == "tokens") return text_answer(200, desk_.control(post ? r.body : ""));
  if (what == "faults" && post) faults_ = fault_script::parse(r.body);
  if (what == "faults") return text_answer(200, faults_.to_json());
  if (what != "served") return error_answer(404, "no such control");
  if (post) served_.clear();
  std::string lines;
  const std::string after = where.value("after"), only = where.value("tenant");
  const std::uint64_t first = after.empty() ? 0 : std::stoull(after);
  for (const served& s : served_) {
    if (s.n > first && (only.empty() || s.tenant == only)) lines += s.to_json() + "\n";
  }
  return text_answer(200, std::move(lines), "application/x-ndjson");
}

answer api::state(const target& where) const {
  json out{{"tenants", json::object()}};
  for (const auto& [name, t] : tenants_) {
    if (const std::string only = where.value("tenant"); !only.empty() && only != name) continue;
    std::optional<std::uint32_t> user;
    if (const std::string subject = where.value("subject"); !subject.empty()) {
      user = user_at(t, subject);
      if (!user) return error_answer(404, "no user " + subject);
    }
    json streams = json::object(), kinds = json::object();
    for (const auto& [stream, s] : state_of(t, user)) {
      if (stream.starts_with("entities:")) {
        kinds[stream.substr(9)] = s.count;
        continue;
      }
      std::string digest = "0000000000000000";
      for (std::size_t i = 0; i < 16; ++i) digest[15 - i] = "0123456789abcdef"[(s.digest >> (4 * i)) & 15U];
      streams[stream] = {{"count", s.count}, {"digest", digest}};
    }
    out["tenants"][name] = {{"version", t.version()}, {"streams", streams}, {"kinds", kinds}};
  }
  return text_answer(200, out.dump());
}

void api::record(served&& line) {
  using namespace std::chrono;
  line.ms = static_cast<std::uint64_t>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  if (log_file_) *log_file_ << line.to_json() << std::endl;  // flushed: others read it while we run
  served_.push_back(std::move(line));
}

void api::set_faults(std::string_view json_array) {
  const std::lock_guard lock(mutex_);
  faults_ = fault_script::parse(json_array);
}

std::vector<served> api::log() const {
  const std::lock_guard lock(mutex_);
  return served_;
}

std::string api::tokens(std::string_view text) {
  const std::lock_guard lock(mutex_);
  return desk_.control(text);
}

change_counts api::advance(const std::string& name, const change& wanted) {
  const std::lock_guard lock(mutex_);
  return tenants_.at(name).advance(wanted);
}

}  // namespace sluice::upstream

#include "upstream/faults.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "upstream/text.hpp"

namespace sluice::upstream {
namespace {

constexpr std::array<std::string_view, 37> known{
    "status", "redirect",   "delay",       "hang",        "reset",    "truncate",      "truncate_chunked",
    "cut",    "slow",       "garbage",     "html",        "empty",    "null",          "gzip",
    "bomb",   "huge",       "deep",        "duplicate",   "repeat",   "cursor",        "no_data",
    "nul",    "empty_list", "loop_cursor", "wrong_total", "bad_utf8", "lone_surrogate",
    "replace", "drop",      "advance",     "raw",         "close_after", "bom",        "utf16",
    "zstd",  "zstd_bomb",   "stuck"};

fault_match parse_match(const nlohmann::json& m) {
  fault_match out;
  for (const auto& [key, value] : m.items()) {
    if (key == "path") out.path = value.get<std::string>();
    else if (key == "query") out.query = value.get<std::string>();
    else if (key == "tenant") out.tenant = value.get<std::string>();
    else if (key == "number") out.number = value.get<std::uint64_t>();
    else if (key == "nth") out.nth = value.get<std::uint64_t>();
    else throw std::runtime_error("unknown match `" + key + "`");
  }
  return out;
}

fault parse_fault(const nlohmann::json& e) {
  fault f;
  f.what = e.at("do").get<std::string>();
  if (std::find(known.begin(), known.end(), f.what) == known.end())
    throw std::runtime_error("unknown fault `" + f.what + "`");
  f.status = e.value("status", f.what == "redirect" ? 302 : f.what == "status" ? 500 : 200);
  f.at = e.value("at", std::int64_t{-1});
  f.ms = e.value("ms", std::int64_t{1000});
  f.rate = e.value("rate", std::int64_t{100});
  f.mib = e.value("mib", std::int64_t{f.what.ends_with("bomb") ? 100 : 64});
  f.depth = e.value("depth", std::int64_t{100'000});
  f.total = e.value("total", std::int64_t{0});
  f.to = e.value("to", "");
  f.body = e.value("body", "");
  f.type = e.value("type", "application/json");
  f.headers = e.value("headers", std::map<std::string, std::string>{});
  f.key = e.value("key", "");
  if (const auto with = e.value("with", nlohmann::json("")); with.is_array()) f.with = with.get<std::vector<std::string>>();
  else f.with = {with.get<std::string>()};
  f.wire = e.value("wire", "");
  f.count = e.value("count", static_cast<std::uint32_t>(f.with.size()));
  f.create = e.value("create", 0U);
  f.remove = e.value("delete", 0U);
  f.percent = e.value("percent", 0.0);
  f.close = e.value("close", true);
  if (e.contains("value")) f.value = e.at("value").dump();
  return f;
}
}  // namespace

fault_script fault_script::parse(std::string_view text) {
  fault_script out;
  const auto entries = nlohmann::json::parse(text);
  if (!entries.is_array()) throw std::runtime_error("the faults must be a JSON array");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    try {
      const auto& e = entries[i];
      entry made{.match = parse_match(e.value("match", nlohmann::json::object())), .does = parse_fault(e)};
      made.times = e.value("times", made.match.nth != 0 ? std::uint64_t{1} : std::uint64_t{0});
      out.entries_.push_back(std::move(made));
    } catch (const std::exception& wrong) {
      throw std::runtime_error("fault " + std::to_string(i + 1) + ": " + wrong.what());
    }
  }
  return out;
}

std::optional<fault> fault_script::next(std::uint64_t number, std::string_view path, std::string_view query,
                                        std::string_view tenant) {
  const entry* chosen = nullptr;
  for (entry& e : entries_) {
    const fault_match& m = e.match;
    if (!glob_match(m.path, path) || query.find(m.query) == std::string_view::npos) continue;
    if (!m.tenant.empty() && m.tenant != tenant) continue;
    ++e.seen;
    if ((m.number != 0 && m.number != number) || (m.nth != 0 && e.seen < m.nth)) continue;
    if (chosen != nullptr || (e.times != 0 && e.used >= e.times)) continue;
    ++e.used;
    chosen = &e;
  }
  if (chosen == nullptr) return std::nullopt;
  return chosen->does;
}

std::string fault_script::to_json() const {
  auto out = nlohmann::json::array();
  for (const entry& e : entries_) {
    out.push_back({{"path", e.match.path}, {"do", e.does.what}, {"seen", e.seen}, {"used", e.used}});
  }
  return out.dump();
}

}  // namespace sluice::upstream

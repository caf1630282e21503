#include "files/settings.hpp"

#include <charconv>

#include <nlohmann/json.hpp>

#include "files/codes.hpp"

namespace sluice::files {

namespace {

using nlohmann::json;

[[noreturn]] void refuse(const char* code, const std::string& where, const std::string& what) {
  throw failure(status::invalid, code, where + ": " + what);
}

std::string text_at(const json& o, const char* key, const char* code) {
  if (!o.contains(key) || !o[key].is_string() || o[key].get_ref<const std::string&>().empty()) {
    refuse(code, key, "has to be text that isn't empty");
  }
  return o[key].get<std::string>();
}

std::optional<page_format> format_at(const json& o, const char* code) {
  if (!o.contains("format")) return std::nullopt;
  const std::string name = text_at(o, "format", code);
  if (name == "json") return page_format::json;
  if (name == "ndjson") return page_format::ndjson;
  if (name == "csv") return page_format::csv;
  refuse(code, "format", "`" + name + "` is none of json, ndjson, csv");
}

// "4MiB", "512KiB", "1000".
std::uint64_t size_at(const json& o, const char* key, std::uint64_t otherwise, const char* code) {
  if (!o.contains(key)) return otherwise;
  if (o[key].is_number_unsigned()) return o[key].get<std::uint64_t>();
  const std::string text = text_at(o, key, code);
  std::uint64_t count = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::pair<std::string_view, int> units[] = {
      {"", 0}, {"B", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  for (const auto& [name, shift] : units) {
    if (ec == std::errc{} && unit == name && count > 0 && count < (1ULL << 32)) return count << shift;
  }
  refuse(code, key, "`" + text + "` is no size such as 4MiB");
}

void parse_path(read& r) {
  std::string_view rest = r.path;
  if (rest.starts_with('/'))
    refuse(codes::bad_request, "path", "has to be relative to the tenant's folder: `" + r.path + "`");
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    if (part.empty() || part == "." || part == "..") {
      refuse(codes::bad_request, "path", "may hold no empty part, `.` or `..`: `" + r.path + "`");
    }
    const bool wild = part.find_first_of("*?") != std::string_view::npos;
    if (slash == std::string_view::npos) {
      r.pattern = wild;
      r.name = text_template(part);
      return;
    }
    if (wild)
      refuse(codes::bad_request, "path", "may hold `*` and `?` in its last part alone: `" + r.path + "`");
    r.folders.emplace_back(part);
    rest.remove_prefix(slash + 1);
  }
}

}  // namespace

settings parse_settings(std::string_view config_json) {
  const json o = json::parse(config_json, nullptr, false);
  if (!o.is_object()) refuse(codes::bad_config, "the source's configuration", "has to be an object");
  settings s;
  s.root = text_at(o, "root", codes::bad_config);
  s.format = format_at(o, codes::bad_config);
  s.max_file = size_at(o, "max_file", s.max_file, codes::bad_config);
  return s;
}

read parse_read(std::string_view read_json) {
  const json o = json::parse(read_json, nullptr, false);
  if (!o.is_object() || !o.contains("request") || !o["request"].is_object()) {
    refuse(codes::bad_request, "request", "has to be an object with `path`");
  }
  const json& request = o["request"];
  read r;
  r.path = text_at(request, "path", codes::bad_request);
  r.format = format_at(request, codes::bad_request);
  parse_path(r);
  if (!request.contains("page")) return r;
  const json& page = request["page"];
  if (!page.is_object()) refuse(codes::bad_request, "page", "has to be an object with `bytes` or `records`");
  r.page_bytes = size_at(page, "bytes", r.page_bytes, codes::bad_request);
  r.page_records = size_at(page, "records", r.page_records, codes::bad_request);
  if (r.page_bytes > max_page_bytes) refuse(codes::bad_request, "page.bytes", "may be 32MiB at most");
  if (r.page_records > 10'000) refuse(codes::bad_request, "page.records", "may be 10000 at most");
  return r;
}

std::optional<page_format> format_of_name(std::string_view name) {
  if (name.ends_with(".json")) return page_format::json;
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl")) return page_format::ndjson;
  if (name.ends_with(".csv")) return page_format::csv;
  return std::nullopt;
}

}  // namespace sluice::files

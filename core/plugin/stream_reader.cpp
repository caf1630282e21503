#include "plugin/stream_reader.hpp"

#include <charconv>
#include <optional>
#include <utility>

#include "plugin/codes.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

using nlohmann::json;

namespace {

constexpr std::pair<const char*, column_type> type_names[] = {
    {"text", column_type::text},           {"int", column_type::int64},       {"float", column_type::float64},
    {"bool", column_type::boolean},        {"decimal", column_type::decimal}, {"date", column_type::date},
    {"timestamp", column_type::timestamp}, {"json", column_type::json}};

constexpr std::pair<const char*, on_missing> on_missing_names[] = {
    {"defer", on_missing::defer}, {"skip", on_missing::skip}, {"reject", on_missing::reject}};

template <typename T, std::size_t N>
T choose(const std::pair<const char*, T> (&names)[N], object_reader& o, const char* key, T otherwise) {
  const std::string text = o.text(key);
  if (text.empty()) return otherwise;
  std::vector<std::string> known;
  for (const auto& [name, value] : names) {
    if (text == name) return value;
    known.emplace_back(name);
  }
  o.fail(key, "`" + text + "` is none of the " + key + "s that there are", suggestion(text, known));
  return otherwise;
}

column read_column(const json& value, const std::string& pointer, problem_list& problems) {
  object_reader o(value, pointer, problems);
  column out;
  out.name = o.name("name");
  (void)o.required_text("type");
  out.type = choose(type_names, o, "type", column_type::text);
  out.required = o.flag("required");
  out.description = o.text("description");
  o.done();
  return out;
}

// "90s", "30m", "24h", "7d"
std::optional<std::chrono::seconds> read_duration(std::string_view text) {
  std::int64_t n = 0;
  const char* end = text.data() + text.size();
  const auto [unit, failure] = std::from_chars(text.data(), end, n);
  if (failure != std::errc{} || unit + 1 != end || n < 1 || n > 1'000'000) return std::nullopt;
  switch (*unit) {
    case 's': return std::chrono::seconds(n);
    case 'm': return std::chrono::minutes(n);
    case 'h': return std::chrono::hours(n);
    case 'd': return std::chrono::hours(24 * n);
    default: return std::nullopt;
  }
}

reference read_reference(const json& value, const std::string& pointer, problem_list& problems) {
  object_reader o(value, pointer, problems);
  reference out;
  out.name = o.name("name");
  out.to = o.name("to");
  (void)o.require("columns");
  out.columns = o.texts("columns");
  out.required = o.flag("required");
  out.missing = choose(on_missing_names, o, "on_missing", on_missing::defer);
  if (const std::string expire = o.text("expire"); !expire.empty()) {
    if (const auto duration = read_duration(expire)) out.expire = *duration;
    else o.fail("expire", "`" + expire + "` is not a duration", "write it like 90s, 30m, 24h or 7d");
  }
  o.done();
  return out;
}

measure read_measure(const json& value, const std::string& pointer, problem_list& problems) {
  object_reader o(value, pointer, problems);
  measure out;
  out.name = o.name("name");
  const json where = o.object("where");
  if (where.size() > 1) o.fail("where", "has " + std::to_string(where.size()) + " columns; one is allowed");
  if (where.size() == 1) {
    const auto it = where.begin();
    out.where_column = it.key();
    if (it->is_string()) out.where_value = it->get<std::string>();
    else o.fail("where", "the value of `" + it.key() + "` must be text, not " + it->type_name());
  }
  o.done();
  return out;
}

std::vector<std::string> read_index(const json& value, const std::string& pointer, problem_list& problems) {
  std::vector<std::string> out;
  if (!value.is_array() || value.empty()) {
    problems.add(code::metadata_wrong, pointer, "must be an array of stored columns");
    return out;
  }
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i].is_string()) out.push_back(value[i].get<std::string>());
    else problems.add(code::metadata_wrong, at_index(pointer, i), "must be the name of a stored column");
  }
  return out;
}

}  // namespace

stream_schema read_stream(const json& value, const std::string& pointer, problem_list& problems) {
  object_reader o(value, pointer, problems);
  stream_schema out;
  out.name = o.name("name");
  out.version = o.positive("version", 1);
  (void)o.text("description");  // for readers of plugin.json
  (void)o.require("columns");
  o.each("columns",
         [&](const json& v, const std::string& p) { out.columns.push_back(read_column(v, p, problems)); });
  (void)o.require("key");
  out.key = o.texts("key");
  out.derived_key = o.texts("derived_key");
  o.each("references", [&](const json& v, const std::string& p) {
    out.references.push_back(read_reference(v, p, problems));
  });
  o.each("measures",
         [&](const json& v, const std::string& p) { out.measures.push_back(read_measure(v, p, problems)); });
  o.each("indexes",
         [&](const json& v, const std::string& p) { out.indexes.push_back(read_index(v, p, problems)); });
  o.done();
  return out;
}

}  // namespace sluice::plugin

#include <algorithm>

#include "manifest/mapping.hpp"
#include "manifest/reference.hpp"
#include "manifest/text.hpp"
#include "manifest/view.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

bool is_value_key(std::string_view key) { return value_shape.find(key) != nullptr; }

// A mapping whose keys are all key columns of the reference, or none of a value.
bool is_reference_map(const node& n, const reference& r) {
  if (!n.is_mapping() || n.members.empty()) return false;
  const auto is_column = [&](const member& m) {
    return std::ranges::find(r.columns, m.key) != r.columns.end();
  };
  if (std::ranges::any_of(n.members, is_column)) return true;
  return std::ranges::none_of(n.members, [](const member& m) { return is_value_key(m.key); });
}

// The template of a value that no record changes; nothing for any other.
std::optional<std::string> constant_template(const json& v) {
  if (!v.is_object() || v.size() != 1) return std::nullopt;
  if (v.contains("const") && v["const"].is_string()) {
    return write_part({reference_kind::literal, v["const"].get<std::string>(), {}});
  }
  if (!v.contains("template")) return std::nullopt;
  std::string text = v["template"].get<std::string>();
  const scanned_text scanned = scan_references(text);
  const bool by_key =
      std::ranges::any_of(scanned.parts, [](const text_part& p) { return p.kind == reference_kind::local; });
  if (by_key) return std::nullopt;
  return text;
}

class into_reader {
 public:
  into_reader(context& c, const stream_schema& stream, const value_scope& scope, into_result& out)
      : c_(c), stream_(stream), layout_(wire_layout(stream)), scope_(scope), out_(out) {}

  void read_map(const node& map, const std::string& path, span key_at);

 private:
  void read_column(const member& m, const std::string& path);
  void read_reference(const reference& r, const member& m, const std::string& path);
  void take(const std::string& column, const node& n, const std::string& path);
  void check_required(span at, const std::string& path);
  [[nodiscard]] std::vector<std::string> mappable() const;

  context& c_;
  const stream_schema& stream_;
  std::vector<column> layout_;
  const value_scope& scope_;
  into_result& out_;
};

std::vector<std::string> into_reader::mappable() const {
  std::vector<std::string> out;
  for (const column& c : stream_.columns) out.push_back(c.name);
  for (const reference& r : stream_.references) out.push_back(r.name);
  out.emplace_back(source_version_column);
  return out;
}

void into_reader::take(const std::string& column, const node& n, const std::string& path) {
  const auto& target = layout_[static_cast<std::size_t>(column_index(layout_, column))];
  json v = value_json(c_, n, path, scope_, &target);
  if (stream_.key.size() == 2 && column == stream_.key[0] && v.is_object() && v.contains("const") &&
      v["const"].is_string()) {
    out_.kind = v["const"].get<std::string>();
  }
  if (auto constant = constant_template(v);
      target.type == column_type::text && constant && !constant->empty()) {
    out_.constants[column] = std::move(*constant);
  }
  out_.json["map"][column] = std::move(v);
  out_.columns.insert(column);
}

void into_reader::read_column(const member& m, const std::string& path) {
  for (const reference& r : stream_.references) {
    if (r.name == m.key) return read_reference(r, m, path);
  }
  if (m.key == deleted_column || m.key == attributes_column) {
    c_.report(code::unknown_column, m.key_at, path, in_ticks(m.key) + " can't be mapped",
              m.key == deleted_column ? "say which records are deletes by `deleted_when`"
                                      : "list pointers under `attributes`, beside `map`");
  } else if (column_index(layout_, m.key) >= 0) {
    take(m.key, m.value, path);
  } else {
    c_.report(code::unknown_column, m.key_at, path,
              "the stream " + in_ticks(stream_.name) + " has no column " + in_ticks(m.key),
              suggestion(m.key, mappable(), "columns"));
  }
}

void into_reader::read_reference(const reference& r, const member& m, const std::string& path) {
  if (!is_reference_map(m.value, r)) {
    if (r.columns.size() > 1 && (m.value.is_scalar() || m.value.is_mapping())) {
      c_.report(
          code::reference_map, m.value.at, path,
          "the reference " + in_ticks(r.name) + " to " + in_ticks(r.to) + " needs " + enumerate(r.columns),
          "write { " + r.columns[0] + ": …, " + r.columns.back() + ": … }");
      out_.columns.insert(r.name + "." + r.columns[0]);
    }
    if (!r.columns.empty()) take(r.name + "." + r.columns.back(), m.value, path);
    return;
  }
  for (const member& part : m.value.members) {
    const std::string where = child_path(path, part.key);
    if (std::ranges::find(r.columns, part.key) == r.columns.end()) {
      c_.report(code::reference_map, part.key_at, where,
                in_ticks(part.key) + " is no key column of " + in_ticks(r.to),
                suggestion(part.key, r.columns, "key columns"));
      continue;
    }
    take(r.name + "." + part.key, part.value, where);
  }
  for (const std::string& column : r.columns) {
    if (m.value.find(column) != nullptr || out_.columns.contains(r.name + "." + column)) continue;
    c_.report(code::reference_map, m.key_at, path,
              "the reference " + in_ticks(r.name) + " misses " + in_ticks(column),
              "the key of " + in_ticks(r.to) + " is " + enumerate(r.columns));
    out_.columns.insert(r.name + "." + column);
  }
}

void into_reader::check_required(span at, const std::string& path) {
  const auto mapped = [&](const std::string& column) { return out_.columns.contains(column); };
  std::vector<std::string> missing;
  for (const column& c : stream_.columns) {
    const bool key = std::ranges::find(stream_.key, c.name) != stream_.key.end();
    const bool derived = c.name == "external_id" && !stream_.derived_key.empty();
    if ((c.required || key) && !derived && !mapped(c.name)) missing.push_back(c.name);
  }
  for (const reference& r : stream_.references) {
    const auto part = [&](const std::string& column) { return mapped(r.name + "." + column); };
    if (r.required && std::ranges::none_of(r.columns, part)) missing.push_back(r.name);
  }
  if (missing.empty()) return;
  c_.report(code::unmapped_column, at, path,
            "the stream " + in_ticks(stream_.name) + " requires " + enumerate(missing) +
                ", and the map has no value for " + (missing.size() == 1 ? "it" : "them"),
            "add to `map`: " + join(missing, ": …, ") + ": …");
}

void into_reader::read_map(const node& map, const std::string& path, span key_at) {
  out_.json["map"] = json::object();
  if (!map.is_mapping()) {
    c_.report(code::wrong_type, map.is_null() ? key_at : map.at, path,
              expected_found("a mapping of columns to values", map),
              "write { external_id: /id, name: /name }");
    return;
  }
  for (const member& m : map.members) {
    if (!m.key.starts_with("x-")) read_column(m, child_path(path, m.key));
  }
  check_required(key_at, path);
}

// Each step looks into the element of the one before it.
json explode_json(context& c, const node& n, const std::string& path, value_scope& scope) {
  json out = json::array();
  node one;
  if (!n.is_sequence()) one.items.push_back(n);
  const std::vector<node>& steps = n.is_sequence() ? n.items : one.items;
  if (steps.size() > 8) {
    c.report(code::map_value, n.at, path, "`explode` nests more than 8 levels");
    return out;
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string where = n.is_sequence() ? child_path(path, i) : path;
    json step = json::object();
    std::string key;
    if (steps[i].is_scalar()) {
      if (!is_json_pointer(steps[i].text)) {
        c.report(code::pointer, steps[i].at, where, in_ticks(steps[i].text) + " is not a JSON pointer",
                 "name the array or map: /emails");
      }
      step["at"] = steps[i].text;
    } else {
      view v(c, steps[i], explode_shape, where, steps[i].at);
      step["at"] = v.text("at");
      if (v.has("key")) step["key"] = key = v.text("key");
    }
    if (!key.empty()) scope.keys.push_back(key);
    ++scope.levels;
    out.push_back(std::move(step));
  }
  return out;
}

json attributes_json(context& c, view& v, const value_scope& scope) {
  json out = json::array();
  for (const view::placed_text& t : v.texts("attributes")) {
    const std::size_t up = std::min(t.text.find_first_not_of('^'), t.text.size());
    if (!is_json_pointer(std::string_view(t.text).substr(up)) || up > scope.levels) {
      c.report(code::pointer, t.at, t.path, in_ticks(t.text) + " is not a JSON pointer",
               "write /name for a key of the record");
    }
    out.push_back(t.text);
  }
  return out;
}

void read_missing(context& c, const node& n, const std::string& path, const stream_schema& stream,
                  into_result& out) {
  static const std::map<std::string, on_missing> choices = {
      {"defer", on_missing::defer}, {"reject", on_missing::reject}, {"skip", on_missing::skip}};
  if (!n.is_mapping()) {
    c.report(code::wrong_type, n.at, path, "`on_missing` names references", "write { REFERENCE: skip }");
    return;
  }
  std::vector<std::string> known;
  for (const reference& r : stream.references) {
    if (r.required) known.push_back(r.name);
  }
  for (const member& m : n.members) {
    const auto what = choices.find(m.value.is_scalar() ? m.value.text : "");
    if (std::ranges::find(known, m.key) == known.end()) {
      c.report(code::unknown_column, m.key_at, child_path(path, m.key),
               "the stream " + in_ticks(stream.name) + " has no required reference " + in_ticks(m.key),
               suggestion(m.key, known, "required references"));
    } else if (what == choices.end()) {
      c.report(code::wrong_choice, m.value.at, child_path(path, m.key),
               in_ticks(m.value.text) + " is none of defer, reject and skip",
               "write { " + m.key + ": skip }");
    } else {
      out.missing[m.key] = what->second;
    }
  }
}

}  // namespace

std::optional<into_result> into_json(context& c, const node& n, const std::string& path,
                                     const std::vector<stream_schema>& streams, value_scope scope) {
  view v(c, n, into_shape, path, n.at);
  if (!v.is_mapping() || !v.has("stream")) return std::nullopt;
  into_result out;
  out.at = v.get("stream")->at;
  out.stream = v.text("stream");
  const auto stream = std::ranges::find(streams, out.stream, &stream_schema::name);
  if (stream == streams.end()) {
    std::vector<std::string> known;
    for (const stream_schema& s : streams) known.push_back(s.name);
    if (!out.stream.empty()) {
      c.report(code::unknown_stream, out.at, v.path("stream"),
               "the domain has no stream " + in_ticks(out.stream), suggestion(out.stream, known, "streams"));
    }
    return std::nullopt;
  }
  out.json["stream"] = out.stream;
  if (v.has("explode")) out.json["explode"] = explode_json(c, *v.get("explode"), v.path("explode"), scope);
  if (v.has("where")) out.json["where"] = conditions_json(c, *v.get("where"), v.path("where"), scope);
  if (v.has("map")) {
    into_reader(c, *stream, scope, out).read_map(*v.get("map"), v.path("map"), v.key_at("map"));
  }
  if (v.has("attributes")) out.json["attributes"] = attributes_json(c, v, scope);
  if (v.has("deleted_when")) {
    out.json["deleted_when"] = conditions_json(c, *v.get("deleted_when"), v.path("deleted_when"), scope);
  }
  if (v.has("on_missing")) read_missing(c, *v.get("on_missing"), v.path("on_missing"), *stream, out);
  return out;
}

}  // namespace sluice::manifest

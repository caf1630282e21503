#include "host/json_tree.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "decode/csv.hpp"
#include "decode/text.hpp"

namespace sluice::host {

namespace {

using type = enum json_tree::type;
constexpr std::size_t deepest_level = 200;

// Builds the tree from the parser's events.
class builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return add({type::null, "null", {}, {}}); }
  bool boolean(bool v) override { return add({type::truth, v ? "true" : "false", {}, {}}); }
  bool number_integer(number_integer_t v) override { return add({type::number, std::to_string(v), {}, {}}); }
  bool number_unsigned(number_unsigned_t v) override {
    return add({type::number, std::to_string(v), {}, {}});
  }
  bool number_float(number_float_t, const string_t& digits) override {
    return add({type::number, digits, {}, {}});
  }
  bool string(string_t& v) override { return add({type::text, std::move(v), {}, {}}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(type::object); }
  bool start_array(std::size_t) override { return open(type::list); }
  bool key(string_t& v) override {
    open_.back().keys.push_back(std::move(v));
    return true;
  }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  [[nodiscard]] json_tree take() { return std::move(root_); }

 private:
  bool add(json_tree v) {
    if (open_.empty()) root_ = std::move(v);
    else open_.back().items.push_back(std::move(v));
    return true;
  }
  bool open(type t) {
    open_.push_back({t, {}, {}, {}});
    return open_.size() <= deepest_level;
  }
  bool close() {
    json_tree done = std::move(open_.back());
    open_.pop_back();
    return add(std::move(done));
  }

  json_tree root_;
  std::vector<json_tree> open_;
};

std::optional<json_tree> lines_tree(std::string_view text) {
  json_tree out{type::list, {}, {}, {}};
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto one = parse_tree(line)) out.items.push_back(std::move(*one));
    else return std::nullopt;
  }
  return out;
}

std::optional<json_tree> rows_tree(std::string_view text) try {
  json_tree out{type::list, {}, {}, {}};
  decode::csv_reader csv(text);
  std::vector<decode::csv_field> head, fields;
  if (!csv.next(head)) return std::nullopt;
  while (csv.next(fields)) {
    json_tree& row = out.items.emplace_back(json_tree{type::object, {}, {}, {}});
    for (std::size_t i = 0; i < std::min(head.size(), fields.size()); ++i) {
      const bool none = fields[i].text.empty() && !fields[i].quoted;
      row.keys.push_back(head[i].text);
      row.items.push_back(none ? json_tree{type::null, "null", {}, {}}
                               : json_tree{type::text, fields[i].text, {}, {}});
    }
  }
  return out;
} catch (const decode::error& wrong) {
  static_cast<void>(wrong);  // the decoder tells of it
  return std::nullopt;
}

std::optional<std::size_t> index_of(const std::string& step, std::size_t size) {
  std::size_t n = 0;
  const auto [end, bad] = std::from_chars(step.data(), step.data() + step.size(), n);
  if (bad != std::errc{} || end != step.data() + step.size() || n >= size) return std::nullopt;
  return n;
}

}  // namespace

const json_tree* json_tree::find(std::string_view key) const {
  // Of keys that stand twice the last counts, as for the decoder.
  for (std::size_t i = keys.size(); i-- > 0;) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

std::optional<json_tree> parse_tree(std::string_view json) {
  builder b;
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &b)) return std::nullopt;
  return b.take();
}

std::optional<json_tree> page_tree(const decode::page& page) {
  switch (page.as) {
    case decode::format::ndjson: return lines_tree(page.bytes);
    case decode::format::csv: return rows_tree(page.bytes);
    case decode::format::json: break;
  }
  return parse_tree(page.bytes);
}

pointer_end follow(const json_tree& from, const std::vector<std::string>& steps) {
  pointer_end out{&from, 0};
  for (const std::string& step : steps) {
    const json_tree* next = nullptr;
    if (out.at->holds(type::object)) next = out.at->find(step);
    if (out.at->holds(type::list)) {
      if (const auto i = index_of(step, out.at->items.size())) next = &out.at->items[*i];
    }
    if (next == nullptr) return out;
    out = {next, out.steps + 1};
  }
  return out;
}

const json_tree* at_pointer(const json_tree& from, std::string_view pointer) {
  const auto steps = decode::split_pointer(pointer);
  if (!steps) return nullptr;
  const pointer_end end = follow(from, *steps);
  return end.steps == steps->size() ? end.at : nullptr;
}

json_tree* at_pointer(json_tree& from, std::string_view pointer) {
  // The tree is not const, so its parts are not.
  return const_cast<json_tree*>(at_pointer(std::as_const(from), pointer));
}

void unfold(json_tree& page, std::string_view records, std::string_view pointer) {
  const auto change = [&](json_tree& record) {
    json_tree* at = at_pointer(record, pointer);
    if (at == nullptr || !at->holds(type::text)) return;
    if (auto inner = parse_tree(at->text)) *at = std::move(*inner);
  };
  json_tree* at = at_pointer(page, records);
  if (at == nullptr) return;
  if (at->holds(type::object)) return change(*at);
  for (json_tree& record : at->items) change(record);
}

std::string child_pointer(const std::string& parent, std::string_view key) {
  std::string out = parent + "/";
  for (const char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

std::string show_value(const json_tree& value) {
  constexpr std::size_t longest = 60;
  switch (value.is) {
    case type::object: return value.items.empty() ? "an empty object" : "an object";
    case type::list:
      return value.items.empty() ? "an empty list" : "a list of " + std::to_string(value.items.size());
    case type::text: return "\"" + decode::one_line(value.text, longest) + "\"";
    default: return decode::one_line(value.text, longest);
  }
}

}  // namespace sluice::host

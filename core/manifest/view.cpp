#include "manifest/view.hpp"

#include <stdexcept>

#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

std::string bound(const field& f, double v) {
  if (f.type == field_type::duration) return format_duration(static_cast<std::int64_t>(v));
  if (f.type == field_type::ratio) return format_number(v * 100) + "%";
  if (f.type == field_type::rate) return v < 1 ? "1/h" : format_number(v) + "/s";
  return format_number(v);
}

std::string unit_help(field_type t) {
  switch (t) {
    case field_type::duration: return "write a number and a unit: 200ms, 3s, 15m, 24h, 7d";
    case field_type::ratio: return "write it in percent: 10%";
    case field_type::rate: return "write it as a number in a time: 50/s, 600/m";
    default: return {};
  }
}

template <std::int64_t scale = 1>
std::optional<double> duration_number(std::string_view s) {
  const std::optional<std::int64_t> v = parse_duration(s);
  return v ? std::optional(static_cast<double>(*v)) : std::nullopt;
}

}  // namespace

std::string expected_found(std::string_view expected, const node& found) {
  return "expected " + std::string(expected) + ", found " + describe(found);
}

view::view(context& c, const node& n, const shape& s, std::string path, span name_at)
    : c_(c), node_(&n), shape_(s), path_(std::move(path)), name_at_(name_at) {
  if (!n.is_mapping()) {
    c_.report(code::wrong_type, n.is_null() ? name_at_ : n.at, path_, expected_found("a mapping", n),
              "write its keys below it, indented, or in { }");
    return;
  }
  std::string misspelt;  // such a key is not missing as well
  for (const member& m : n.members) {
    if (s.find(m.key) != nullptr || m.key.starts_with("x-") || s.has_plugin) continue;
    std::vector<std::string> known;
    for (const field& f : s.fields) known.emplace_back(f.key);
    c_.report(code::unknown_key, m.key_at, child_path(path_, m.key), "unknown key " + in_ticks(m.key),
              suggestion(m.key, known, "keys of `" + std::string(s.name) + "`"));
    misspelt += nearest(m.key, known);
  }
  for (const field& f : s.fields) {
    if (!f.required || n.find(f.key) != nullptr || misspelt.find(in_ticks(f.key)) != std::string::npos)
      continue;
    c_.report(code::missing_key, name_at_, path_, "the key " + in_ticks(f.key) + " is missing",
              std::string(f.about));
  }
}

const field& view::row(std::string_view key) const {
  const field* f = shape_.find(key);
  if (f == nullptr) throw std::logic_error("no such key in the table: " + std::string(key));
  return *f;
}

const node* view::get(std::string_view key) const {
  const member* m = node_->find(key);
  return m == nullptr ? nullptr : &m->value;
}

span view::key_at(std::string_view key) const {
  const member* m = node_->find(key);
  return m == nullptr ? name_at_ : m->key_at;
}

void view::wrong(std::string_view code, std::string_view key, std::string_view expected, std::string help) {
  const node& n = *get(key);
  c_.report(code, n.is_null() ? key_at(key) : n.at, path(key), expected_found(expected, n), std::move(help));
}

std::optional<std::string> view::scalar(std::string_view key, const text_policy& policy) {
  const node* n = get(key);
  if (n == nullptr) return std::nullopt;
  if (!n->is_scalar()) {
    wrong(code::wrong_type, key, "a single value", {});
    return std::nullopt;
  }
  return c_.resolve(*n, path(key), policy);
}

std::string view::text(std::string_view key, const text_policy& policy) {
  const field& f = row(key);
  const node* n = get(key);
  if (n != nullptr && n->is_scalar() && classify(*n) != scalar_type::text) {
    wrong(code::wrong_type, key, "text", "quote it: \"" + n->text + "\"");
    return std::string(f.fallback);
  }
  const std::optional<std::string> v = scalar(key, policy);
  if (!v) return f.fallback == "\"\"" ? std::string() : std::string(f.fallback);
  if (f.type == field_type::name && !is_name(*v)) {
    c_.report(
        code::bad_name, n->at, path(key), in_ticks(n->text) + " is not a name",
        "a name has lower-case letters, digits, `-` and `_`, begins with a letter, at most 63 characters");
  }
  if (f.type == field_type::pointer && !is_json_pointer(*v)) {
    c_.report(code::pointer, n->at, path(key), in_ticks(n->text) + " is not a JSON pointer",
              "a pointer is empty or begins with `/`: /data/items; in a key write ~1 for `/` and ~0 for `~`");
  }
  return *v;
}

std::string view::choice(std::string_view key) {
  const field& f = row(key);
  const std::optional<std::string> v = scalar(key);
  if (!v) return std::string(f.fallback);
  std::vector<std::string> known(f.choices.begin(), f.choices.end());
  for (const std::string& k : known) {
    if (k == *v) return *v;
  }
  wrong(code::wrong_choice, key, "one of `" + join(known, "`, `") + "`",
        has_reference(get(key)->text) ? std::string() : nearest(*v, known));
  return std::string(f.fallback);
}

bool view::boolean(std::string_view key) {
  const bool fallback = row(key).fallback == "true";
  const std::optional<std::string> v = scalar(key);
  if (!v) return fallback;
  const node& n = *get(key);
  const bool resolved = has_reference(n.text);
  const std::optional<bool> b = parse_boolean(*v);
  if (b && (resolved || !n.quoted)) return *b;
  wrong(code::wrong_type, key, "true or false",
        b          ? "leave the quotes out"
        : resolved ? "the variable must hold true or false"
                   : "yes, no, on and off are plain texts in YAML 1.2");
  return fallback;
}

bool view::in_range(const field& f, const node& n, double value) {
  if (f.least == 0 && f.most == 0) return true;
  if (value >= f.least && value <= f.most) return true;
  c_.report(code::out_of_range, n.at, path(f.key), in_ticks(n.text) + " is out of range",
            "from " + bound(f, f.least) + " to " + bound(f, f.most));
  return false;
}

std::optional<double> view::number(std::string_view key, std::optional<double> (*parse)(std::string_view),
                                   std::string_view expected) {
  const field& f = row(key);
  const std::optional<std::string> v = scalar(key);
  if (v) {
    const node& n = *get(key);
    const std::optional<double> d = parse(*v);
    if (!d) {
      wrong(code::wrong_unit, key, expected, unit_help(f.type));
    } else if (in_range(f, n, *d)) {
      return d;
    }
  }
  return f.fallback.empty() ? std::nullopt : parse(f.fallback);
}

std::int64_t view::duration(std::string_view key) {
  return static_cast<std::int64_t>(number(key, duration_number, "a duration").value_or(0));
}
double view::ratio(std::string_view key) { return number(key, parse_ratio, "a ratio").value_or(0); }
double view::rate(std::string_view key) { return number(key, parse_rate, "a rate").value_or(0); }

std::int64_t view::integer(std::string_view key) {
  const field& f = row(key);
  const std::int64_t fallback = parse_integer(f.fallback).value_or(0);
  const std::optional<std::string> v = scalar(key);
  if (!v) return fallback;
  const node& n = *get(key);
  const bool resolved = has_reference(n.text);
  const std::optional<std::int64_t> i = parse_integer(*v);
  if (!i || (n.quoted && !resolved)) {
    const bool padded = !n.quoted && classify(n) == scalar_type::integer && !resolved;
    wrong(code::wrong_type, key, "a whole number",
          i        ? "leave the quotes out"
          : padded ? "write it in decimal, without leading zeros"
                   : std::string());
    return fallback;
  }
  return in_range(f, n, static_cast<double>(*i)) ? *i : fallback;
}

std::vector<view::placed_text> view::texts(std::string_view key) {
  std::vector<placed_text> out;
  const std::vector<node>& items = list(key);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string where = child_path(path(key), i);
    if (!items[i].is_scalar() || classify(items[i]) != scalar_type::text) {
      c_.report(code::wrong_type, items[i].at, where, expected_found("text", items[i]));
      continue;
    }
    if (std::optional<std::string> t = c_.resolve(items[i], where, {}))
      out.push_back({*t, items[i].at, where});
  }
  return out;
}

const std::vector<node>& view::list(std::string_view key) {
  static const std::vector<node> none;
  const node* n = get(key);
  if (n == nullptr) return none;
  if (!n->is_sequence()) {
    wrong(code::wrong_type, key, "a list", "write its items in [ ], or below it with `- `");
    return none;
  }
  return n->items;
}

}  // namespace sluice::manifest

#include <algorithm>

#include "manifest/mapping.hpp"
#include "manifest/reference.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"
#include "manifest/view.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

std::string_view type_name(column_type t) {
  switch (t) {
    case column_type::boolean: return "a boolean";
    case column_type::int64: return "an integer";
    case column_type::float64: return "a float";
    case column_type::text: return "text";
    case column_type::decimal: return "a decimal";
    case column_type::json: return "JSON";
    case column_type::date: return "a date";
    case column_type::timestamp: break;
  }
  return "a timestamp";
}

std::vector<std::string> readings_for(column_type t) {
  switch (t) {
    case column_type::boolean: return {"bool"};
    case column_type::int64: return {"int", "decimal", "rfc3339", "epoch_s", "epoch_ms"};
    case column_type::float64:
    case column_type::decimal: return {"int", "decimal"};
    case column_type::text: return {"text", "int", "decimal", "bool", "json"};
    case column_type::json: return {"json"};
    case column_type::date:
    case column_type::timestamp: break;
  }
  return {"rfc3339", "epoch_s", "epoch_ms"};
}

bool is_number_column(const column& c, const std::string& as) {
  switch (c.type) {
    case column_type::int64:
    case column_type::float64:
    case column_type::decimal: return as.empty() || as == "int" || as == "decimal";
    case column_type::text: return as == "int" || as == "decimal";
    default: return false;
  }
}

bool constant_fits(const json& v, scalar_type written, column_type t) {
  if (v.is_null() || t == column_type::json) return true;
  switch (t) {
    case column_type::boolean: return v.is_boolean();
    case column_type::int64: return v.is_number_integer();
    case column_type::float64: return v.is_number();
    case column_type::decimal: return written == scalar_type::integer || written == scalar_type::real;
    default: return v.is_string();
  }
}

// A pointer with `^` for each level that it goes up; reported when it is none.
void check_place(context& c, const node& n, const std::string& text, const std::string& path,
                 std::size_t levels) {
  const std::size_t up = std::min(text.find_first_not_of('^'), text.size());
  if (!is_json_pointer(std::string_view(text).substr(up))) {
    c.report(code::pointer, n.at, path, in_ticks(n.text) + " is not a JSON pointer",
             "a pointer is empty or begins with `/`: /data/items; in a key write ~1 for `/` and ~0 for `~`");
  } else if (text.find("${") != std::string::npos) {
    c.report(code::pointer, n.at, path,
             in_ticks(n.text) + " begins with `/`, so it is a pointer: nothing is put in",
             "for a text with a value in it write { template: " + std::string("\"") + n.text + "\"" + " }");
  } else if (up > levels) {
    c.report(code::pointer, n.at, path,
             in_ticks(n.text) + " goes further up than there are enclosing records",
             levels == 0 ? "`^` is for `into` with `explode`"
                         : "`explode` makes " + std::to_string(levels) + " of them here");
  }
}

class value_reader {
 public:
  value_reader(context& c, const value_scope& scope) : c_(c), scope_(scope) {}

  json read(const node& n, const std::string& path, const column* target, int depth);

 private:
  json read_text(const node& n, const std::string& path);
  json read_mapping(const node& n, const std::string& path, const column* target, int depth);
  void read_origin(view& v, json& out, const column* target, int depth);
  void read_parts(view& v, const char* list, json& out, const column* target, int depth);
  void read_first(view& v, json& out);
  void check_as(view& v, const column* target, json& out);
  [[nodiscard]] text_policy policy() const {
    return {.tenant = true,
            .subject = scope_.subject,
            .parent = scope_.parent,
            .locals = &scope_.keys,
            .is_template = true,
            .why_not = scope_.why_no_parent};
  }

  context& c_;
  const value_scope& scope_;
};

json value_reader::read(const node& n, const std::string& path, const column* target, int depth) {
  if (n.is_mapping()) return read_mapping(n, path, target, depth);
  if (!n.is_scalar()) {
    c_.report(
        code::map_value, n.at, path, expected_found("a value", n),
        "write a pointer, a text, a constant, or { at | const | concat | any | template: … }; leave out "
        "what has none");
    return {};
  }
  if (classify(n) != scalar_type::text) return {{"const", constant_json(c_, n, path, target)}};
  if (n.text.empty()) {
    c_.report(code::map_value, n.at, path, "an empty text can mean two things here",
              "write { at: \"\" } for the element itself, or { const: \"\" } for the empty text");
    return {};
  }
  json out = read_text(n, path);
  if (out.contains("const") && target != nullptr && target->type != column_type::text) {
    return {{"const", constant_json(c_, n, path, target)}};
  }
  return out;
}

json value_reader::read_text(const node& n, const std::string& path) {
  const std::size_t up = std::min(n.text.find_first_not_of('^'), n.text.size());
  const bool pointer = n.text[0] == '/' || (up > 0 && (up == n.text.size() || n.text[up] == '/'));
  if (pointer) {
    check_place(c_, n, n.text, path, scope_.levels);
    return {{"at", n.text}};
  }
  const std::optional<std::string> text = c_.resolve(n, path, policy());
  if (!text) return {};
  if (has_reference(*text)) return {{"template", *text}};
  std::string plain;
  for (const text_part& p : scan_references(*text).parts) plain += p.name;
  return {{"const", plain}};
}

json value_reader::read_mapping(const node& n, const std::string& path, const column* target, int depth) {
  view v(c_, n, value_shape, path, n.at);
  json out = json::object();
  const auto origins = std::ranges::count_if(n.members, [](const member& m) {
    return m.key == "at" || m.key == "const" || m.key == "concat" || m.key == "any" || m.key == "template";
  });
  if (origins != 1) {
    c_.report(code::map_value, n.at, path,
              origins == 0 ? "this value comes from nowhere" : "this value comes from more than one place",
              "give exactly one of `at`, `const`, `concat`, `any`, `template`");
    return out;
  }
  if (v.has("const")) out["const"] = constant_json(c_, *v.get("const"), v.path("const"), target);
  read_origin(v, out, target, depth);
  read_first(v, out);
  if (v.has("default")) out["default"] = constant_json(c_, *v.get("default"), v.path("default"), target);
  check_as(v, target, out);
  return out;
}

void value_reader::read_origin(view& v, json& out, const column* target, int depth) {
  if (const node* at = v.get("at")) {
    if (!at->is_scalar()) {
      c_.report(code::wrong_type, at->at, v.path("at"), expected_found("a JSON pointer", *at));
    } else {
      check_place(c_, *at, at->text, v.path("at"), scope_.levels);
      out["at"] = at->text;
    }
  }
  if (const node* t = v.get("template")) {
    if (!t->is_scalar()) {
      c_.report(code::wrong_type, t->at, v.path("template"), expected_found("text", *t));
    } else if (const std::optional<std::string> text = c_.resolve(*t, v.path("template"), policy())) {
      out["template"] = *text;
    }
  }
  if (v.has("concat")) read_parts(v, "concat", out, nullptr, depth);
  if (v.has("any")) read_parts(v, "any", out, target, depth);
}

void value_reader::read_parts(view& v, const char* list, json& out, const column* target, int depth) {
  out[list] = json::array();
  const std::vector<node>& parts = v.list(list);
  if (depth >= 8) {
    c_.report(code::map_value, v.key_at(list), v.path(list), in_ticks(list) + " is nested too deeply");
    return;
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    out[list].push_back(read(parts[i], child_path(v.path(list), i), target, depth + 1));
  }
}

void value_reader::read_first(view& v, json& out) {
  if (v.has("first") && !v.has("at")) {
    c_.report(code::map_value, v.key_at("first"), v.path("first"), "`first` needs the array that `at` names",
              "add `at`");
  }
  if (v.has("then") && !v.has("first")) {
    c_.report(code::map_value, v.key_at("then"), v.path("then"), "`then` goes with `first`",
              "name the element by `first: [ { at: /primary, is: true } ]`");
  }
  if (!v.has("first")) return;
  value_scope element;
  out["first"] = conditions_json(c_, *v.get("first"), v.path("first"), element);
  if (v.has("then")) out["then"] = v.text("then");
}

void value_reader::check_as(view& v, const column* target, json& out) {
  for (const char* key : {"as", "scale", "negate"}) {
    if (!v.has(key) || !v.has("any")) continue;
    c_.report(code::map_value, v.key_at(key), v.path(key), in_ticks(key) + " has no meaning beside `any`",
              "write it with the value that needs it: any: [ { at: /x, " + std::string(key) + ": … }, /y ]");
    return;
  }
  const std::string as = v.has("as") ? v.choice("as") : std::string();
  if (!as.empty()) out["as"] = as;
  if (!as.empty() && target != nullptr) {
    const std::vector<std::string> fitting = readings_for(target->type);
    if (std::ranges::find(fitting, as) == fitting.end()) {
      c_.report(code::column_type, v.get("as")->at, v.path("as"),
                "`as: " + as + "` does not fit the column " + in_ticks(target->name) + ", which is " +
                    std::string(type_name(target->type)),
                "use one of `" + join(fitting, "`, `") + "`, or leave it out");
    }
  }
  for (const char* key : {"scale", "negate"}) {
    if (!v.has(key)) continue;
    if (target == nullptr || !is_number_column(*target, as)) {
      c_.report(code::column_type, v.key_at(key), v.path(key), "`" + std::string(key) + "` is for numbers",
                target == nullptr
                    ? "remove it"
                    : "the column " + in_ticks(target->name) + " is " + std::string(type_name(target->type)));
    }
  }
  if (v.has("scale")) out["scale"] = v.integer("scale");
  if (v.has("negate")) out["negate"] = v.boolean("negate");
}

}  // namespace

json constant_json(context& c, const node& n, const std::string& path, const column* target) {
  if (n.is_mapping() || n.is_sequence()) {
    c.report(code::map_value, n.at, path, expected_found("a text, a number, true, false or null", n));
    return {};
  }
  json v;
  const scalar_type type = classify(n);
  if (type == scalar_type::boolean) {
    v = *parse_boolean(n.text);
  } else if (type == scalar_type::integer && parse_integer(n.text)) {
    v = *parse_integer(n.text);
  } else if (type == scalar_type::real && parse_real(n.text)) {
    v = *parse_real(n.text);
    if (target != nullptr && target->type == column_type::decimal) v = n.text;  // digits and scale stay
  } else if (type == scalar_type::text) {
    const std::optional<std::string> text = c.resolve(n, path, {});
    if (!text) return {};
    v = *text;
  } else if (type != scalar_type::null) {
    c.report(code::wrong_type, n.at, path, in_ticks(n.text) + " is not a number that can be kept exactly",
             "quote it if it is text");
  }
  // A number for a decimal may be quoted.
  const scalar_type read_as = v.is_string() ? classify(v.get<std::string>()) : type;
  if (target != nullptr && !constant_fits(v, read_as, target->type)) {
    c.report(code::column_type, n.at, path,
             describe(n) + " does not fit the column " + in_ticks(target->name) + ", which is " +
                 std::string(type_name(target->type)),
             target->type == column_type::text ? "quote it: \"" + n.text + "\"" : std::string());
  }
  return v;
}

json value_json(context& c, const node& n, const std::string& path, const value_scope& scope,
                const column* target) {
  return value_reader(c, scope).read(n, path, target, 0);
}

namespace {

// `${k}` alone: the key of the element at hand.
bool names_key(std::string_view text, const value_scope& scope) {
  return std::ranges::any_of(scope.keys, [&](const std::string& k) { return text == "${" + k + "}"; });
}

json condition_json(context& c, const node& n, const std::string& path, const value_scope& scope) {
  view v(c, n, where_shape, path, n.at);
  json one = json::object();
  if (!v.is_mapping()) return one;
  if (const node* at = v.get("at"); at != nullptr && at->is_scalar()) {
    if (!names_key(at->text, scope)) check_place(c, *at, at->text, v.path("at"), scope.levels);
    one["at"] = at->text;
  } else if (at != nullptr) {
    c.report(code::wrong_type, at->at, v.path("at"), expected_found("a JSON pointer", *at));
  }
  for (const char* test : {"is", "not"}) {
    if (v.has(test)) one[test] = constant_json(c, *v.get(test), v.path(test), nullptr);
  }
  if (v.has("prefix")) one["prefix"] = v.text("prefix");
  if (v.has("exists")) one["exists"] = v.boolean("exists");
  const std::size_t tests = one.size() - one.count("at");
  if (tests != 1) {
    c.report(code::map_value, n.at, path,
             tests == 0 ? "this condition tests nothing" : "this condition has more than one test",
             "give exactly one of `is`, `not`, `prefix`, `exists`; two conditions are two items of the list");
  }
  return one;
}

}  // namespace

json conditions_json(context& c, const node& list, const std::string& path, const value_scope& scope) {
  json out = json::array();
  if (list.is_mapping()) {
    out.push_back(condition_json(c, list, path, scope));  // one condition needs no list
  } else if (list.is_sequence()) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      out.push_back(condition_json(c, list.items[i], child_path(path, i), scope));
    }
  } else {
    c.report(code::wrong_type, list.at, path, expected_found("a list of conditions", list),
             "write [ { at: /x, is: y } ]; all of them must hold");
  }
  return out;
}

json keep_json(context& c, const node& n, const std::string& path, const value_scope& scope) {
  json out = json::object();
  if (!n.is_mapping()) {
    c.report(code::wrong_type, n.at, path, expected_found("a mapping of names to values", n),
             "write { id: /id }");
    return out;
  }
  for (const member& m : n.members) {
    const std::string where = child_path(path, m.key);
    if (!is_name(m.key)) {
      c.report(
          code::bad_name, m.key_at, where, in_ticks(m.key) + " is not a name",
          "a name has lower-case letters, digits, `-` and `_`, begins with a letter, at most 63 characters");
    }
    const column as_text{m.key, column_type::text, false, {}};
    out[m.key] = value_json(c, m.value, where, scope, &as_text);
  }
  return out;
}

}  // namespace sluice::manifest

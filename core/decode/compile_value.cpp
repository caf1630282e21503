#include <algorithm>

#include "decode/compile.hpp"
#include "decode/error.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

namespace {

constexpr int max_scale = 100;
constexpr std::size_t max_depth = 16;

constant compile_constant(const json& j, const std::string& where) {
  using type = constant::type;
  if (j.is_null()) return {};
  if (j.is_boolean()) return {type::truth, j.get<bool>(), {}};
  if (j.is_number()) return {type::number, false, j.dump()};
  if (!j.is_string()) bad_mapping(where, "has to be text, a number, true, false or null");
  return {type::text, false, j.get<std::string>()};
}

reading compile_reading(const json& spec, const std::string& where) {
  if (!spec.contains("as")) return reading::natural;
  constexpr std::pair<std::string_view, reading> all[] = {
      {"text", reading::text},         {"int", reading::integer},     {"decimal", reading::decimal},
      {"bool", reading::boolean},      {"rfc3339", reading::rfc3339}, {"epoch_s", reading::epoch_s},
      {"epoch_ms", reading::epoch_ms}, {"json", reading::json}};
  const std::string& name = text_of(spec, "as", where);
  for (const auto& [known, as] : all) {
    if (known == name) return as;
  }
  bad_mapping(where + "/as",
              "`" + name + "` is none of text, int, decimal, bool, rfc3339, epoch_s, epoch_ms, json");
}

piece compile_name(const std::string& name, const scope& in) {
  for (std::size_t i = in.keys.size(); i > 0; --i) {
    if (!name.empty() && in.keys[i - 1] == name)
      return {piece::type::loop_key, name, static_cast<std::uint8_t>(i)};
  }
  return {piece::type::variable, name, 0};
}

// `$${` stands for a literal `${`.
void compile_template(const std::string& text, const scope& in, counters& n, const std::string& where,
                      value& v) {
  std::string literal;
  bool constant_for_page = true;
  const auto end_literal = [&] {
    if (!literal.empty()) v.pieces.push_back({piece::type::literal, std::exchange(literal, {}), 0});
  };
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = std::string_view(text).substr(i);
    if (rest.starts_with("$${")) {
      literal += "${";
      i += 3;
    } else if (rest.starts_with("${")) {
      const std::size_t close = text.find('}', i);
      if (close == std::string::npos) bad_mapping(where, "has a `${` that is not closed");
      end_literal();
      v.pieces.push_back(compile_name(text.substr(i + 2, close - i - 2), in));
      constant_for_page = constant_for_page && v.pieces.back().is == piece::type::variable;
      i = close + 1;
    } else {
      literal += text[i++];
    }
  }
  end_literal();
  if (constant_for_page) v.page_text = n.page_texts++;
}

void compile_first(const json& spec, const scope& in, counters& n, const std::string& where, value& v) {
  if (!spec.contains("first")) {
    if (spec.contains("then")) bad_mapping(where, "has `then` without `first`");
    return;
  }
  if (v.from != value::source::pointer) bad_mapping(where, "has `first` without `at`");
  trie_builder element;
  scope inner{{&element}, {}, element_level};
  v.first = std::make_unique<first_rule>();
  v.first->where = compile_conditions(spec, "first", inner, where);
  const json whole = "";
  v.first->then = compile_place(spec.contains("then") ? spec["then"] : whole, inner, where + "/then");
  v.first->shape = element.finish(n.tries++);
  if (in.first_level == element_level) bad_mapping(where, "has `first` inside `first`");
}

void compile_options(const json& spec, const std::string& where, value& v) {
  v.as = compile_reading(spec, where);
  if (spec.contains("scale")) {
    if (!spec["scale"].is_number_integer()) bad_mapping(where + "/scale", "has to be an int, such as -2");
    const auto scale = spec["scale"].get<std::int64_t>();
    if (scale < -max_scale || scale > max_scale)
      bad_mapping(where + "/scale", "has to be within -100 and 100");
    v.scale = static_cast<int>(scale);
  }
  if (spec.contains("negate")) {
    if (!spec["negate"].is_boolean()) bad_mapping(where + "/negate", "has to be true or false");
    v.negate = spec["negate"].get<bool>();
  }
  v.has_default = spec.contains("default");
  if (v.has_default) v.fallback = compile_constant(spec["default"], where + "/default");
}

value compile_nested(const json& spec, const scope& in, counters& n, const std::string& where,
                     std::size_t depth) {
  if (depth > max_depth) bad_mapping(where, "nests `concat` and `any` too deeply");
  if (!spec.is_object()) bad_mapping(where, "has to be an object with one of at, const, concat, template");
  only_keys(spec,
            {"at", "const", "concat", "any", "template", "first", "then", "as", "scale", "negate", "default"},
            where);
  if (spec.count("at") + spec.count("const") + spec.count("concat") + spec.count("any") +
          spec.count("template") !=
      1) {
    bad_mapping(where, "has to hold exactly one of at, const, concat, any, template");
  }
  value v;
  if (spec.contains("at")) {
    v.at = compile_place(spec["at"], in, where + "/at");
  } else if (spec.contains("const")) {
    v.from = value::source::constant;
    v.fixed = compile_constant(spec["const"], where + "/const");
  } else if (spec.contains("concat") || spec.contains("any")) {
    v.from = spec.contains("any") ? value::source::any : value::source::concat;
    const std::string list = spec.contains("any") ? "any" : "concat";
    if (!spec[list].is_array()) bad_mapping(where + "/" + list, "has to be a list of values");
    for (std::size_t i = 0; i < spec[list].size(); ++i) {
      v.parts.push_back(
          compile_nested(spec[list][i], in, n, where + "/" + list + "/" + std::to_string(i), depth + 1));
    }
  } else {
    v.from = value::source::text_template;
    compile_template(text_of(spec, "template", where), in, n, where + "/template", v);
  }
  compile_first(spec, in, n, where, v);
  compile_options(spec, where, v);
  return v;
}

bool is_instant(reading r) {
  return r == reading::rfc3339 || r == reading::epoch_s || r == reading::epoch_ms;
}
bool is_number_reading(reading r) {
  return r == reading::natural || r == reading::integer || r == reading::decimal;
}

bool fits(reading r, column_type type) {
  switch (type) {
    case column_type::boolean: return r == reading::natural || r == reading::boolean;
    case column_type::int64: return is_number_reading(r) || is_instant(r);
    case column_type::float64:
    case column_type::decimal: return is_number_reading(r);
    case column_type::text: return !is_instant(r);
    case column_type::json: return r == reading::natural || r == reading::json;
    case column_type::date:
    case column_type::timestamp: break;
  }
  return r == reading::natural || is_instant(r);
}

// `${k}` alone: the level of the element whose key the explode names `k`; 0: it is a pointer.
std::uint8_t named_key(const json& at, const scope& in) {
  if (!at.is_string()) return 0;
  const std::string& text = at.get_ref<const std::string&>();
  if (!text.starts_with("${") || !text.ends_with('}')) return 0;
  const piece named = compile_name(text.substr(2, text.size() - 3), in);
  return named.is == piece::type::loop_key ? named.level : std::uint8_t{0};
}

}  // namespace

place compile_place(const json& at, const scope& in, const std::string& where) {
  if (!at.is_string()) bad_mapping(where, "has to be a JSON pointer, as text");
  place p;
  p.pointer = at.get<std::string>();
  std::string_view rest = p.pointer;
  std::size_t up = 0;
  while (rest.starts_with('^')) {
    rest.remove_prefix(1);
    ++up;
  }
  if (up >= in.levels.size())
    bad_mapping(where, "`" + p.pointer + "` goes further up than there are enclosing records");
  const auto tokens = split_pointer(rest);
  if (!tokens)
    bad_mapping(where, "`" + p.pointer + "` is not a JSON pointer: \"\" or /a/b, with ~0 for ~ and ~1 for /");
  const std::size_t level = in.levels.size() - 1 - up;
  p.level = static_cast<std::uint8_t>(in.first_level + level);
  p.slot = in.levels[level]->add(*tokens);
  return p;
}

conditions compile_conditions(const json& owner, const char* name, const scope& in,
                              const std::string& where) {
  conditions out;
  if (!owner.contains(name)) return out;
  const json& list = owner[name];
  const std::string here = where + "/" + name;
  if (!list.is_array()) bad_mapping(here, "has to be a list of conditions");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& c = list[i];
    const std::string at = here + "/" + std::to_string(i);
    if (!c.is_object() || !c.contains("at") || c.size() != 2) {
      bad_mapping(at, "has to hold `at` and exactly one of is, not, prefix, exists");
    }
    only_keys(c, {"at", "is", "not", "prefix", "exists"}, at);
    condition made;
    made.key_level = named_key(c["at"], in);
    if (made.key_level == 0) made.at = compile_place(c["at"], in, at + "/at");
    for (const auto& [key, test] :
         {std::pair{"is", condition::test::is}, std::pair{"not", condition::test::is_not},
          std::pair{"prefix", condition::test::prefix}, std::pair{"exists", condition::test::exists}}) {
      if (!c.contains(key)) continue;
      made.test = test;
      made.with = compile_constant(c[key], at + "/" + key);
    }
    if (made.test == condition::test::prefix && made.with.is != constant::type::text)
      bad_mapping(at, "`prefix` has to be text");
    if (made.test == condition::test::exists && made.with.is != constant::type::truth) {
      bad_mapping(at, "`exists` has to be true or false");
    }
    out.push_back(std::move(made));
  }
  return out;
}

value compile_value(const json& spec, const scope& in, counters& n, const std::string& where) {
  return compile_nested(spec, in, n, where, 0);
}

void check_reading(const value& v, column_type type, const std::string& where) {
  if (v.from == value::source::any) {
    for (const value& part : v.parts) check_reading(part, type, where);
    if (v.as != reading::natural || v.scale != 0 || v.negate)
      bad_mapping(where, "has `as`, `scale` or `negate` beside `any`: they belong to its values");
  }
  if (!fits(v.as, type)) bad_mapping(where, "`as` doesn't fit the type of the column");
  if (v.scale == 0 && !v.negate) return;
  const bool number = type == column_type::int64 || type == column_type::float64 ||
                      type == column_type::decimal ||
                      (type == column_type::text && (v.as == reading::integer || v.as == reading::decimal));
  if (!number || is_instant(v.as)) bad_mapping(where, "`scale` and `negate` are for numbers");
}

void weigh(const value& v, const limits& caps, into_plan& into) {
  into.fixed += caps.digits + 2 * static_cast<std::size_t>(caps.exponent) + 200 + v.fixed.text.size() +
                v.fallback.text.size();
  if (v.from == value::source::pointer) ++into.weight;
  for (const piece& p : v.pieces) {
    if (p.is == piece::type::literal) into.fixed += p.text.size();
    if (p.is == piece::type::loop_key) ++into.weight;
    if (p.is == piece::type::variable) ++into.variables;
  }
  for (const value& part : v.parts) weigh(part, caps, into);
}

}  // namespace sluice::decode

#include "decode/compile.hpp"

#include <algorithm>

#include <sluice/arrow_schema.hpp>

#include "decode/error.hpp"
#include "decode/text.hpp"

namespace sluice::decode {

void bad_mapping(const std::string& where, const std::string& what) {
  throw error(codes::bad_mapping, "mapping, at " + (where.empty() ? "its root" : where) + ": " + what);
}

const std::string& text_of(const json& owner, const char* name, const std::string& where) {
  if (!owner.contains(name) || !owner[name].is_string()) bad_mapping(where + "/" + name, "has to be text");
  return owner[name].get_ref<const std::string&>();
}

void only_keys(const json& owner, std::initializer_list<std::string_view> known, const std::string& where) {
  for (const auto& [key, ignored] : owner.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end())
      bad_mapping(where, "doesn't know `" + key + "`");
  }
}

namespace {

class compiler {
 public:
  compiler(std::span<const stream_schema> streams, const limits& caps) : streams_(streams) {
    plan_->caps = caps;
  }

  program run(const json& spec) {
    if (!spec.is_object()) bad_mapping("", "has to be an object");
    only_keys(spec, {"records", "parse", "where", "into", "keep", "children"}, "");
    plan_->records = spec.contains("records") ? text_of(spec, "records", "") : "";
    const auto at = split_pointer(plan_->records);
    if (!at) bad_mapping("/records", "`" + plan_->records + "` is not a JSON pointer");
    plan_->records_at = *at;
    const scope record{{&record_}, {}, 0};
    compile_parse(spec, record);
    plan_->where = compile_conditions(spec, "where", record, "");
    compile_children(spec, record);
    const json& into = list_of(spec, "into", "");
    for (std::size_t i = 0; i < into.size(); ++i) compile_into(into[i], "/into/" + std::to_string(i));
    plan_->record = record_.finish(count_.tries++);
    plan_->tries = count_.tries;
    plan_->page_texts = count_.page_texts;
    for (const stream_schema& s : plan_->streams) plan_->layouts.push_back(lay_out(s));
    return program(std::move(plan_));
  }

 private:
  static const json& list_of(const json& owner, const char* name, const std::string& where) {
    static const json none = json::array();
    if (!owner.contains(name)) return none;
    if (!owner[name].is_array()) bad_mapping(where + "/" + name, "has to be a list");
    return owner[name];
  }

  void compile_parse(const json& spec, const scope& record) {
    const json& pointers = list_of(spec, "parse", "");
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      const std::string where = "/parse/" + std::to_string(i);
      plan_->parse.push_back(compile_place(pointers[i], record, where));
      const std::string& made = plan_->parse.back().pointer;
      for (std::size_t k = 0; k < i; ++k) {
        const std::string& other = plan_->parse[k].pointer;
        if ((made + "/").starts_with(other + "/") || (other + "/").starts_with(made + "/"))
          bad_mapping(where, "`" + made + "` and `" + other + "` lie within each other");
      }
    }
  }

  static stream_plan lay_out(const stream_schema& s) {
    stream_plan p;
    p.layout = wire_layout(s);
    p.external_id = static_cast<std::uint32_t>(std::max(0, column_index(p.layout, "external_id")));
    p.attributes = static_cast<std::uint32_t>(column_index(p.layout, attributes_column));
    p.deleted = static_cast<std::uint32_t>(column_index(p.layout, deleted_column));
    return p;
  }

  void compile_children(const json& spec, const scope& record) {
    if (spec.contains("keep")) {
      if (!spec["keep"].is_object()) bad_mapping("/keep", "has to be an object");
      for (const auto& [name, v] : spec["keep"].items()) {
        plan_->keep.emplace_back(name, compile_value(v, record, count_, "/keep/" + name));
        check_reading(plan_->keep.back().second, column_type::text, "/keep/" + name);
      }
    }
    const json& children = list_of(spec, "children", "");
    for (std::size_t i = 0; i < children.size(); ++i) {
      const std::string where = "/children/" + std::to_string(i);
      if (!children[i].is_object()) bad_mapping(where, "has to be an object");
      only_keys(children[i], {"stage", "if"}, where);
      plan_->children.push_back(
          {text_of(children[i], "stage", where), compile_conditions(children[i], "if", record, where)});
    }
  }

  std::uint32_t stream_named(const std::string& name, const std::string& where) {
    const auto same = [&](const stream_schema& s) { return s.name == name; };
    const auto known = std::find_if(plan_->streams.begin(), plan_->streams.end(), same);
    if (known != plan_->streams.end()) return static_cast<std::uint32_t>(known - plan_->streams.begin());
    const auto found = std::find_if(streams_.begin(), streams_.end(), same);
    if (found == streams_.end()) bad_mapping(where + "/stream", "there is no stream `" + name + "`");
    plan_->streams.push_back(*found);
    return static_cast<std::uint32_t>(plan_->streams.size() - 1);
  }

  void compile_into(const json& spec, const std::string& where) {
    if (!spec.is_object()) bad_mapping(where, "has to be an object");
    only_keys(spec, {"stream", "where", "explode", "map", "attributes", "deleted_when"}, where);
    into_plan into;
    into.stream = stream_named(text_of(spec, "stream", where), where);

    scope in{{&record_}, {}, 0};
    const json& steps = list_of(spec, "explode", where);
    if (steps.size() > max_explode) bad_mapping(where + "/explode", "nests more than 8 levels");
    std::vector<trie_builder> elements(steps.size());
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const std::string here = where + "/explode/" + std::to_string(i);
      if (!steps[i].is_object() || !steps[i].contains("at"))
        bad_mapping(here, "has to be an object with `at`");
      only_keys(steps[i], {"at", "key"}, here);
      explode_step step;
      step.at = compile_place(steps[i]["at"], in, here + "/at");
      if (step.at.level != i)
        bad_mapping(here + "/at", "has to be within the element of the explode before it");
      if (steps[i].contains("key")) step.key = text_of(steps[i], "key", here);
      in.levels.push_back(&elements[i]);
      in.keys.push_back(step.key);
      into.explode.push_back(std::move(step));
    }
    into.where = compile_conditions(spec, "where", in, where);
    into.deleted_when = compile_conditions(spec, "deleted_when", in, where);
    compile_map(spec, in, where, into);
    compile_attributes(spec, in, where, into);
    for (std::size_t i = 0; i < steps.size(); ++i) into.explode[i].shape = elements[i].finish(count_.tries++);
    plan_->into.push_back(std::move(into));
  }

  void compile_map(const json& spec, const scope& in, const std::string& where, into_plan& into) {
    const stream_schema& schema = plan_->streams[into.stream];
    const std::vector<column> layout = wire_layout(schema);
    if (!spec.contains("map") || !spec["map"].is_object()) bad_mapping(where + "/map", "has to be an object");
    for (const auto& [name, v] : spec["map"].items()) {
      const std::string here = where + "/map/" + name;
      const int index = column_index(layout, name);
      if (index < 0 || name == deleted_column || name == attributes_column) {
        bad_mapping(here, "`" + schema.name + "` has no column of this name to map");
      }
      cell c = make_cell(schema, layout[static_cast<std::size_t>(index)]);
      c.column = static_cast<std::uint32_t>(index);
      c.from = compile_value(v, in, count_, here);
      check_reading(c.from, c.type, here);
      weigh(c.from, plan_->caps, into);
      into.cells.push_back(std::move(c));
    }
    std::stable_partition(into.cells.begin(), into.cells.end(), [](const cell& c) { return c.key; });
    find_missing(schema, layout, where, into);
  }

  static cell make_cell(const stream_schema& schema, const column& col) {
    cell c;
    c.type = col.type;
    c.name = col.name;
    c.key = std::find(schema.key.begin(), schema.key.end(), col.name) != schema.key.end();
    c.required = col.required || c.key;
    for (const reference& r : schema.references) {
      const bool part = col.name.starts_with(r.name + ".");
      c.reference = c.reference || part;
      c.required = c.required || (part && r.required);
    }
    return c;
  }

  // Every required column is mapped, but for an external_id that can be derived.
  void find_missing(const stream_schema& schema, const std::vector<column>& layout, const std::string& where,
                    into_plan& into) {
    const auto mapped = [&](std::string_view name) {
      return std::any_of(into.cells.begin(), into.cells.end(), [&](const cell& c) { return c.name == name; });
    };
    for (const column& col : layout) {
      const cell c = make_cell(schema, col);
      if (!c.required || mapped(col.name)) continue;
      if (col.name != "external_id" || schema.derived_key.empty()) {
        bad_mapping(where + "/map",
                    "column `" + col.name + "` of `" + schema.name + "` is required and not mapped");
      }
      for (const std::string& part : schema.derived_key) {
        const int index = column_index(layout, part);
        if (index < 0 ||
            std::string_view(arrow_format(layout[static_cast<std::size_t>(index)].type)) != "u") {
          bad_mapping(where + "/map",
                      "derived_key `" + part + "` of `" + schema.name + "` is not a text column");
        }
        into.derive.push_back(static_cast<std::uint32_t>(index));
      }
      into.fixed += plan_->caps.key_bytes * 3;
    }
  }

  void compile_attributes(const json& spec, const scope& in, const std::string& where, into_plan& into) {
    const json& pointers = list_of(spec, "attributes", where);
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      attribute a;
      a.at = compile_place(pointers[i], in, where + "/attributes/" + std::to_string(i));
      std::string_view bare = a.at.pointer;
      bare.remove_prefix(std::min(bare.find_first_not_of("^/"), bare.size()));
      append_quoted(a.name, bare);
      into.fixed += a.name.size() + 4;
      ++into.weight;
      into.attributes.push_back(std::move(a));
    }
  }

  std::span<const stream_schema> streams_;
  std::unique_ptr<plan> plan_ = std::make_unique<plan>();
  trie_builder record_;
  counters count_;
};

}  // namespace

program compile(std::string_view spec_json, std::span<const stream_schema> streams, const limits& caps) {
  const json spec = json::parse(spec_json, nullptr, false);
  if (spec.is_discarded()) bad_mapping("", "is not JSON");
  return compiler(streams, caps).run(spec);
}

}  // namespace sluice::decode

// Drafts → reads: request, mapping, what is kept for children, the subject's variant, the watermark.
#include <algorithm>

#include "manifest/build.hpp"
#include "manifest/plugin_values.hpp"
#include "manifest/scalar.hpp"
#include "manifest/text.hpp"

namespace sluice::manifest {
namespace {

using nlohmann::json;

constexpr std::string_view no_subject_help =
    "${subject} is for the `subject` of a read; ${parent.x} for reads with `for_each`";
constexpr std::string_view no_parent_help =
    "a subject is read without a parent: give `subject` what it needs, such as an `into` of its own";

// Whether the watermark stands in the request as it was written.
bool asks_since(const std::string& request) {
  constexpr std::string_view name = "${since}";
  for (std::size_t at = request.find(name); at != std::string::npos; at = request.find(name, at + 1)) {
    if (at == 0 || request[at - 1] != '$') return true;
  }
  return false;
}

class read_compiler {
 public:
  read_compiler(build& b, read_draft& d)
      : b_(b), c_(b.c), d_(d), v_(b.c, d.merged, read_shape, d.path, d.at) {
    if (!d.out.parents.empty()) parent_names_ = common_names();
  }

  void run() {
    read_source();
    const value_scope scope = own_scope();
    d_.out.records = v_.has("records") ? v_.text("records") : std::string();
    d_.out.request = request_json(v_, scope).dump();
    d_.decode = mapping(v_, scope, d_.into);
    d_.own_into = d_.into.size();
    if (v_.has("subject")) read_subject();
    if (v_.has("incremental")) read_incremental();
    if (v_.has("rejects")) read_rejects();
    read_missing();
    for (const into_result& i : d_.into) {
      if (std::ranges::find(d_.out.streams, i.stream) == d_.out.streams.end())
        d_.out.streams.push_back(i.stream);
    }
  }

 private:
  // What every parent keeps.
  std::vector<std::string> common_names() const {
    std::vector<std::string> out = b_.find_read(d_.out.parents.front())->out.keep;
    for (const std::string& parent : d_.out.parents) {
      const std::vector<std::string>& names = b_.find_read(parent)->out.keep;
      std::erase_if(out, [&](const std::string& n) { return std::ranges::find(names, n) == names.end(); });
    }
    return out;
  }

  value_scope own_scope() const {
    value_scope s;
    if (!d_.out.parents.empty()) s.parent = &parent_names_;
    s.why_no_parent = no_subject_help;
    return s;
  }

  void read_source() {
    if (!v_.has("from")) return;
    d_.out.from = v_.text("from");
    if (d_.out.from.empty()) return;
    b_.used_sources.insert(d_.out.from);
    const auto known = b_.sources.find(d_.out.from);
    if (known == b_.sources.end()) {
      std::vector<std::string> names;
      for (const auto& [name, unused] : b_.sources) names.push_back(name);
      c_.report(code::unknown_source, v_.get("from")->at, v_.path("from"),
                "there is no source " + in_ticks(d_.out.from), suggestion(d_.out.from, names, "sources"));
      return;
    }
    source_ = known->second;
  }

  json request_json(view& v, const value_scope& scope) {
    if (source_ == nullptr) return json::object();
    static const std::vector<std::string> watermark{"since"};
    const bool incremental = !scope.subject && d_.merged.find("incremental") != nullptr;
    const text_policy policy{.tenant = true,
                             .tenant_secret = true,
                             .subject = scope.subject,
                             .parent = scope.parent,
                             .locals = incremental ? &watermark : nullptr,
                             .is_template = true,
                             .why_not = scope.why_no_parent};
    static const node empty = [] {
      node e;
      e.kind = node::kind::mapping;
      return e;
    }();
    const node* n = v.get("request");
    if (n != nullptr && !n->is_mapping()) {
      c_.report(code::wrong_type, n->is_null() ? v.key_at("request") : n->at, v.path("request"),
                expected_found("a mapping", *n), "its keys are those of the source's plugin");
      return json::object();
    }
    return plugin_values(c_, n == nullptr ? empty : *n, nullptr, source_->request_schema, policy,
                         v.path("request"), v.key_at("request"));
  }

  // records, where, into and keep of the read, or of its subject.
  json mapping(view& v, const value_scope& scope, std::vector<into_result>& into) {
    json out = {{"records", d_.out.records}, {"into", json::array()}};
    if (v.has("records")) out["records"] = v.text("records");
    if (v.has("parse")) out["parse"] = parse_json(v);
    if (v.has("where")) out["where"] = conditions_json(c_, *v.get("where"), v.path("where"), scope);
    if (v.has("keep")) out["keep"] = keep_json(c_, *v.get("keep"), v.path("keep"), scope);
    if (d_.domain == nullptr) return out;
    const std::vector<node>& items = v.list("into");
    for (std::size_t i = 0; i < items.size(); ++i) {
      std::optional<into_result> one =
          into_json(c_, items[i], child_path(v.path("into"), i), d_.domain->streams, scope);
      if (!one) continue;
      out["into"].push_back(one->json);
      into.push_back(std::move(*one));
    }
    return out;
  }

  json parse_json(view& v) {
    json out = json::array();
    std::vector<std::string> seen;
    for (const view::placed_text& t : v.texts("parse")) {
      if (!is_json_pointer(t.text)) {
        c_.report(code::pointer, t.at, t.path, in_ticks(t.text) + " is not a JSON pointer",
                  "name the text that holds JSON: /representation");
        continue;
      }
      for (const std::string& other : seen) {
        if ((t.text + "/").starts_with(other + "/") || (other + "/").starts_with(t.text + "/")) {
          c_.report(code::pointer, t.at, t.path,
                    in_ticks(t.text) + " and " + in_ticks(other) + " lie within each other",
                    "a text is read as JSON once; name it alone");
        }
      }
      seen.push_back(t.text);
      out.push_back(t.text);
    }
    return out;
  }

  // The subject's mapping with what it does not say taken from the read.
  void read_subject() {
    node merged = *v_.get("subject");
    const bool own_into = merged.find("into") != nullptr;
    view given(c_, merged, subject_shape, v_.path("subject"), v_.key_at("subject"));
    if (!given.is_mapping()) return;
    for (const char* key : {"records", "parse", "where", "into", "keep"}) {
      const member* m = d_.merged.find(key);
      if (m != nullptr && merged.find(key) == nullptr) merged.members.push_back(*m);
    }
    view v(c_, merged, subject_shape, v_.path("subject"), v_.key_at("subject"));
    value_scope scope;
    scope.subject = true;
    scope.why_no_parent = no_parent_help;
    std::vector<into_result> into;
    subject_read s;
    s.request = request_json(v, scope).dump();
    d_.subject_decode = mapping(v, scope, into);
    if (own_into) check_columns(into, given);
    for (const into_result& i : into) d_.into.push_back(i);
    d_.out.subject = std::move(s);
  }

  // What the subject's rows leave out would be erased at a sign-in and come back in the background.
  void check_columns(const std::vector<into_result>& subject, view& v) {
    std::map<std::string, std::set<std::string>> missing;
    for (const into_result& i : d_.into) missing[i.stream].insert(i.columns.begin(), i.columns.end());
    for (const into_result& i : subject) {
      for (const std::string& column : i.columns) missing[i.stream].erase(column);
    }
    for (const auto& [stream, columns] : missing) {
      if (columns.empty()) continue;
      const std::vector<std::string> names(columns.begin(), columns.end());
      c_.report(code::subject_columns, v.key_at("into"), v.path("into"),
                "the subject's read of " + in_ticks(stream) + " misses " + enumerate(names) +
                    ", which the read maps",
                "map the same columns, or leave `into` out to take those of the read");
    }
  }

  void read_incremental() {
    view v(c_, *v_.get("incremental"), incremental_shape, v_.path("incremental"), v_.key_at("incremental"));
    if (!v.is_mapping()) return;
    incremental_read r{v.text("column"), v.text("param"), v.choice("as"), v.duration("lag")};
    if (!v.has("param") && !asks_since(d_.out.request)) {
      c_.report(
          code::incremental, v_.key_at("incremental"), v.path("param"),
          "nothing in the request takes the watermark",
          "name its parameter by `param`, or write ${since} in the request: filter: updated > \"${since}\"");
    }
    std::vector<std::string> mapped;
    bool found = false;
    for (const into_result& i : d_.into) {
      for (const std::string& column : i.columns) mapped.push_back(column);
      if (!i.columns.contains(r.column)) continue;
      found = true;
      const auto stream = std::ranges::find(d_.domain->streams, i.stream, &stream_schema::name);
      const std::vector<column> layout = wire_layout(*stream);
      const column_type type = layout[static_cast<std::size_t>(column_index(layout, r.column))].type;
      if (type != column_type::timestamp && type != column_type::date && type != column_type::int64) {
        c_.report(code::incremental, v.get("column")->at, v.path("column"),
                  "the column " + in_ticks(r.column) + " is neither a time nor an integer",
                  "a watermark needs an order");
      }
    }
    if (!found && v.has("column") && d_.domain != nullptr && !d_.into.empty()) {
      std::ranges::sort(mapped);
      mapped.erase(std::ranges::unique(mapped).begin(), mapped.end());
      c_.report(code::incremental, v.get("column")->at, v.path("column"),
                "this read does not map " + in_ticks(r.column),
                suggestion(r.column, mapped, "mapped columns"));
    }
    d_.out.incremental = std::move(r);
  }

  void read_rejects() {
    view v(c_, *v_.get("rejects"), rejects_shape, v_.path("rejects"), v_.key_at("rejects"));
    if (v.is_mapping()) d_.out.rejects = {v.ratio("max"), static_cast<int>(v.integer("floor"))};
  }

  // What becomes of rows without a parent: of a stream the same, wherever the read maps it.
  void read_missing() {
    std::map<std::pair<std::string, std::string>, on_missing> choices;  // (stream, reference)
    for (std::size_t i = 0; i < d_.into.size(); ++i) {
      const into_result& into = d_.into[i];
      const auto stream = std::ranges::find(d_.domain->streams, into.stream, &stream_schema::name);
      for (const reference& r : stream->references) {
        if (!r.required) continue;
        const auto said = into.missing.find(r.name);
        const on_missing what = said == into.missing.end() ? r.missing : said->second;
        const auto [at, fresh] = choices.emplace(std::pair(into.stream, r.name), what);
        if (fresh && what != on_missing::defer)
          d_.out.missing.push_back({into.stream, r.name, r.to, what == on_missing::reject});
        if (at->second == what || (i >= d_.own_into && said == into.missing.end())) continue;
        c_.report(code::map_value, into.at, v_.path("into"),
                  "`on_missing` of " + in_ticks(into.stream) + " says two things of " + in_ticks(r.name),
                  "a read treats all rows of a stream alike: write the same in each `into`");
      }
    }
  }

  build& b_;
  context& c_;
  read_draft& d_;
  view v_;
  const component_info* source_ = nullptr;
  std::vector<std::string> parent_names_;
};

// A child's `if` for one parent: kept names become the parent's pointers.
json child_conditions(build& b, const read_draft& child, const read_draft& parent) {
  const member* m = child.merged.find("if");
  if (m == nullptr) return json::array();
  node translated = m->value;
  if (translated.is_mapping()) {  // one condition needs no list
    translated = {};
    translated.kind = node::kind::sequence;
    translated.items.push_back(m->value);
  }
  const json keep = parent.decode.value("keep", json::object());
  for (node& item : translated.items) {
    for (member& part : item.members) {
      if (part.key != "at" || !part.value.is_scalar() || part.value.text.starts_with('/')) continue;
      const std::string name = part.value.text;
      const std::string path = child_path(child.path, "if");
      if (!keep.contains(name)) {
        b.c.report(code::not_kept, part.value.at, path,
                   "the read " + in_ticks(parent.out.stage) + " keeps no " + in_ticks(name),
                   suggestion(name, parent.out.keep, "kept values"));
      } else if (!keep[name].is_object() || !keep[name].contains("at") || keep[name].size() != 1) {
        b.c.report(code::not_kept, part.value.at, path, in_ticks(name) + " is not kept from a plain pointer",
                   "write the pointer into the parent record");
      } else {
        part.value.text = keep[name]["at"].get<std::string>();
        continue;
      }
      part.value.text = "/";
    }
  }
  return conditions_json(b.c, translated, child_path(child.path, "if"), {});
}

void add_children(build& b) {
  for (read_draft& parent : b.reads) {
    json children = json::array(), of_subject = json::array();
    for (const read_draft& child : b.reads) {
      if (std::ranges::find(child.out.parents, parent.out.stage) == child.out.parents.end()) continue;
      json one = {{"stage", child.out.stage}};
      json conditions = child_conditions(b, child, parent);
      if (!conditions.empty()) one["if"] = std::move(conditions);
      // Where one subject is read, a read that says how is read by itself and not for its parents.
      if (!child.out.subject) of_subject.push_back(one);
      children.push_back(std::move(one));
    }
    if (children.empty()) continue;
    parent.decode["children"] = std::move(children);
    if (parent.out.subject && !of_subject.empty()) parent.subject_decode["children"] = std::move(of_subject);
  }
}

}  // namespace

void compile_reads(build& b) {
  for (read_draft& d : b.reads) {
    const member* keep = d.merged.find("keep");
    if (keep == nullptr) continue;
    for (const member& m : keep->value.members) d.out.keep.push_back(m.key);
  }
  for (read_draft& d : b.reads) read_compiler(b, d).run();
  add_children(b);
}

void check_ownership(build& b) {
  struct feed {
    const read_draft* read;
    const into_result* into;
  };
  std::map<std::string, std::vector<feed>> by_stream;
  for (const read_draft& d : b.reads) {
    for (const into_result& i : d.into) by_stream[i.stream].push_back({&d, &i});
  }
  std::set<std::string> told;
  for (const auto& [stream, feeds] : by_stream) {
    for (std::size_t i = 1; i < feeds.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const feed &a = feeds[k], &z = feeds[i];
        if (a.read->out.entry == z.read->out.entry) continue;
        const bool apart = a.into->kind && z.into->kind && *a.into->kind != *z.into->kind;
        if (apart || !told.insert(stream + " " + a.read->out.entry + " " + z.read->out.entry).second)
          continue;
        const std::string what =
            a.into->kind && z.into->kind ? " with the kind " + in_ticks(*z.into->kind) : "";
        finding& f =
            b.c.report(code::shared_stream, z.into->at, z.read->path,
                       "the entries " + in_ticks(a.read->out.entry) + " and " + in_ticks(z.read->out.entry) +
                           " both feed " + in_ticks(stream) + what,
                       "each would sweep the other's rows: put the reads into one entry, or give each a kind "
                       "of its own by { const: … }");
        f.related.emplace_back(a.into->at, "fed here first");
      }
    }
  }
}

}  // namespace sluice::manifest

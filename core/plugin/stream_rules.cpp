// The rules over a whole stream, apart from reading it.
#include <algorithm>
#include <set>

#include <sluice/stored_columns.hpp>

#include "plugin/codes.hpp"
#include "plugin/stream_reader.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

namespace {

std::string stored_name(const reference& r) { return r.name + "_id"; }

class stream_check {
 public:
  stream_check(const stream_schema& stream, const std::string& pointer, problem_list& problems)
      : s_(stream), pointer_(pointer), problems_(problems), layout_(wire_layout(stream)) {}

  void name() {
    if (s_.name.starts_with("sluice_") || s_.name.starts_with("sqlite_"))
      fail("/name", "tables whose names begin with `sluice_` or `sqlite_` are the store's own",
           "choose another name");
  }

  void columns() {
    if (s_.columns.empty()) fail("/columns", "a stream needs at least one column");
    std::set<std::string> seen;
    for (std::size_t i = 0; i < s_.columns.size(); ++i) {
      const std::string& name = s_.columns[i].name;
      const std::string where = "/columns/" + std::to_string(i) + "/name";
      if (is_stored_column(name))
        fail(where, "`" + name + "` is a column that every table has", "choose another name");
      if (!name.empty() && !seen.insert(name).second) fail(where, "column `" + name + "` is declared twice");
    }
  }

  void key() {
    if (s_.key.empty() || s_.key.back() != "external_id") fail("/key", "must end with `external_id`");
    if (s_.key.size() > 2)
      fail("/key", "has " + std::to_string(s_.key.size()) + " columns; at most two are allowed");
    for (std::size_t i = 0; i < s_.key.size(); ++i) {
      const std::string where = "/key/" + std::to_string(i);
      const column* c = declared(s_.key[i]);
      if (c == nullptr) fail(where, "no column `" + s_.key[i] + "` is declared", suggest(s_.key[i]));
      else if (c->type != column_type::text) fail(where, "key column `" + c->name + "` must be of type text");
      else if (!c->required)
        fail(where, "key column `" + c->name + "` must be required", "write \"required\": true");
    }
    if (s_.key.size() == 2 && s_.key[0] == s_.key[1]) fail("/key", "names `external_id` twice");
  }

  void derived_key() {
    for (std::size_t i = 0; i < s_.derived_key.size(); ++i) {
      const std::string& name = s_.derived_key[i];
      const std::string where = "/derived_key/" + std::to_string(i);
      if (name == "external_id") fail(where, "`external_id` can't be derived from itself");
      else if (column_index(layout_, name) < 0)
        fail(where, "no wire column `" + name + "`", suggest_wire(name));
      else if (name == attributes_column || name == source_version_column || name == deleted_column) {
        fail(where, "`" + name + "` says nothing about identity",
             "name declared columns and those of references");
      }
    }
  }

  void references() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < s_.references.size(); ++i) {
      const reference& r = s_.references[i];
      const std::string where = "/references/" + std::to_string(i);
      if (!r.name.empty() && !seen.insert(r.name).second)
        fail(where, "reference `" + r.name + "` is declared twice");
      const std::string stored = stored_name(r);
      if (is_stored_column(stored) || declared(stored) != nullptr) {
        fail(where + "/name", "is stored as `" + stored + "`, which is taken",
             "rename the reference or the column");
      }
      if (r.columns.empty() || r.columns.size() > 2 || r.columns.back() != "external_id") {
        fail(where + "/columns",
             "must be the key of `" + r.to + "`: one or two columns that end with `external_id`");
      }
      for (const std::string& c : r.columns) {
        if (!is_name(c)) fail(where + "/columns", "`" + c + "` is not a name");
      }
    }
  }

  void measures() {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < s_.measures.size(); ++i) {
      const measure& m = s_.measures[i];
      const std::string where = "/measures/" + std::to_string(i);
      if (!m.name.empty() && !seen.insert(m.name).second)
        fail(where, "measure `" + m.name + "` is declared twice");
      if (m.where_column.empty()) continue;
      const column* c = declared(m.where_column);
      if (c == nullptr)
        fail(where + "/where", "no column `" + m.where_column + "` is declared", suggest(m.where_column));
      else if (c->type != column_type::text)
        fail(where + "/where", "column `" + c->name + "` must be of type text");
    }
  }

  void indexes() {
    std::vector<std::string> stored = {"synced_at", "deleted_at", "source_version"};
    for (const column& c : s_.columns) stored.push_back(c.name);
    for (const reference& r : s_.references) stored.push_back(stored_name(r));
    for (std::size_t i = 0; i < s_.indexes.size(); ++i) {
      for (const std::string& name : s_.indexes[i]) {
        if (std::find(stored.begin(), stored.end(), name) != stored.end()) continue;
        fail("/indexes/" + std::to_string(i), "no stored column `" + name + "`", suggestion(name, stored));
      }
    }
  }

 private:
  void fail(const std::string& where, std::string message, std::string help = {}) {
    problems_.add(code::metadata_wrong, pointer_ + where, std::move(message), std::move(help));
  }
  [[nodiscard]] const column* declared(std::string_view name) const {
    const auto same = [&](const column& c) { return c.name == name; };
    const auto it = std::find_if(s_.columns.begin(), s_.columns.end(), same);
    return it == s_.columns.end() ? nullptr : &*it;
  }
  [[nodiscard]] std::string suggest(std::string_view word) const {
    return suggestion(word, names_of(s_.columns));
  }
  [[nodiscard]] std::string suggest_wire(std::string_view word) const {
    return suggestion(word, names_of(layout_));
  }
  [[nodiscard]] static std::vector<std::string> names_of(const std::vector<column>& columns) {
    std::vector<std::string> out;
    for (const column& c : columns) out.push_back(c.name);
    return out;
  }

  const stream_schema& s_;
  const std::string& pointer_;
  problem_list& problems_;
  std::vector<column> layout_;
};

}  // namespace

void check_stream(const stream_schema& stream, const std::string& pointer, problem_list& problems) {
  stream_check check(stream, pointer, problems);
  check.name();
  check.columns();
  check.key();
  check.derived_key();
  check.references();
  check.measures();
  check.indexes();
}

}  // namespace sluice::plugin

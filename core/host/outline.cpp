#include "host/outline.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "decode/text.hpp"
#include "host/absent.hpp"

namespace sluice::host {

namespace {

using type = enum json_tree::type;
constexpr std::size_t deepest = 4;

// What is known of one pointer so far.
struct sight {
  std::string pointer;
  std::map<type, std::size_t> types;
  std::size_t in = 0, longest = 0;
  std::size_t shortest = SIZE_MAX;
  std::set<std::string> values;    // of scalars
  std::vector<std::string> below;  // keys of a list's objects, or what its items are
  std::string example;
};

std::string_view name_of(type t) {
  switch (t) {
    case type::truth: return "boolean";
    case type::number: return "number";
    case type::text: return "text";
    case type::list: return "list";
    case type::object: return "object";
    case type::null: break;
  }
  return "null";
}

class watcher {
 public:
  void look(const json_tree& at, const std::string& pointer, std::size_t depth) {
    for (std::size_t i = 0; i < at.keys.size(); ++i) {
      const std::string here = child_pointer(pointer, at.keys[i]);
      sight& s = of(here);
      note(s, at.items[i]);
      if (at.items[i].holds(type::object) && depth < deepest) look(at.items[i], here, depth + 1);
    }
  }
  [[nodiscard]] const std::vector<sight>& sights() const { return sights_; }

 private:
  sight& of(const std::string& pointer) {
    const auto [at, fresh] = known_.emplace(pointer, sights_.size());
    if (fresh) sights_.emplace_back().pointer = pointer;
    return sights_[at->second];
  }

  static void note(sight& s, const json_tree& v) {
    ++s.in;
    ++s.types[v.is];
    if (v.holds(type::text) || v.holds(type::number)) s.values.insert(v.text);
    if (v.holds(type::list)) note_list(s, v);
    if (s.example.empty() && !v.holds(type::null) && !v.holds(type::object)) s.example = show_value(v);
  }

  static void note_list(sight& s, const json_tree& v) {
    s.longest = std::max(s.longest, v.items.size());
    s.shortest = std::min(s.shortest, v.items.size());
    for (const json_tree& item : v.items) {
      std::vector<std::string> names = item.keys;
      if (!item.holds(type::object)) names = {std::string(name_of(item.is))};
      for (const std::string& name : names) {
        if (std::ranges::find(s.below, name) == s.below.end()) s.below.push_back(name);
      }
    }
  }

  std::vector<sight> sights_;
  std::map<std::string, std::size_t> known_;
};

std::string list_words(const sight& s) {
  if (s.longest == 0) return "empty list";
  std::string out = "list of " + std::to_string(s.longest);
  if (s.shortest != s.longest)
    out = "list of " + std::to_string(s.shortest) + " to " + std::to_string(s.longest);
  constexpr std::size_t named = 8;
  for (std::size_t i = 0; i < std::min(named, s.below.size()); ++i)
    out += (i == 0 ? ": " : ", ") + decode::one_line(s.below[i], 40);
  return out + (s.below.size() > named ? ", …" : "");
}

std::string types_of(const sight& s) {
  std::string out;
  for (auto t = s.types.rbegin(); t != s.types.rend(); ++t) {
    const std::string word = t->first == type::list ? list_words(s) : std::string(name_of(t->first));
    out += (out.empty() ? "" : " or ") + word;
  }
  return out;
}

// How much a name sounds like that of a key; 0: it does not.
int key_rank(const std::string& pointer) {
  const std::string leaf = pointer.substr(pointer.rfind('/') + 1);
  if (leaf == "id" || leaf == "ID" || leaf == "Id") return 5;
  if (leaf == "uuid" || leaf == "guid" || leaf == "key") return 4;
  if (leaf.ends_with("_id") || leaf.ends_with("Id")) return 3;
  for (const char* time : {"_at", "At", "ime", "ate"}) {
    if (leaf.ends_with(time)) return 0;
  }
  return 1;
}

}  // namespace

std::vector<outline_field> fields_of(const std::vector<const json_tree*>& records) {
  watcher w;
  for (const json_tree* r : records) w.look(*r, {}, 1);
  std::vector<outline_field> out;
  for (const sight& s : w.sights()) {
    const bool plain = std::ranges::all_of(
        s.types, [](const auto& t) { return t.first == type::text || t.first == type::number; });
    const bool unique = plain && s.in == records.size() && s.values.size() == records.size();
    out.push_back({s.pointer, types_of(s), s.in, s.example, unique});
  }
  return out;
}

std::vector<std::string> key_candidates(const std::vector<outline_field>& fields, std::size_t records) {
  std::vector<std::pair<int, std::string>> ranked;
  for (const outline_field& f : fields) {
    const int rank = key_rank(f.pointer);
    // Of one record each value is unique; there the name alone speaks.
    if (!f.unique || rank < (records < 2 ? 3 : 1)) continue;
    const auto depth = static_cast<int>(std::ranges::count(f.pointer, '/'));
    ranked.emplace_back(depth - 10 * rank, f.pointer);
  }
  std::ranges::stable_sort(ranked, {}, &std::pair<int, std::string>::first);
  std::vector<std::string> out;
  for (const auto& [rank, pointer] : ranked) out.push_back(pointer);
  constexpr std::size_t enough = 4;
  if (out.size() > enough) out.resize(enough);
  return out;
}

}  // namespace sluice::host

#include "host/absent.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "decode/text.hpp"
#include "host/in_ticks.hpp"
#include "plugin/suggest.hpp"

namespace sluice::host {

namespace {

using type = enum json_tree::type;
constexpr std::size_t deepest_look = 4;

std::string letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') out += static_cast<char>(c + 32);
    else if (c != '_' && c != '-' && c != ' ' && c != '.') out += c;
  }
  return out;
}

// The pointer that looks most like the one that was written.
class search {
 public:
  search(std::string parent, std::string leaf) : parent_(std::move(parent)), leaf_(std::move(leaf)) {}

  void look(const json_tree& at, const std::string& pointer, std::size_t depth) {
    if (depth > deepest_look) return;
    if (at.holds(type::list) && !at.items.empty()) return look(at.items.front(), pointer + "/0", depth + 1);
    for (std::size_t i = 0; i < at.keys.size(); ++i) {
      consider(pointer, at.keys[i], at.items[i], depth);
      look(at.items[i], child_pointer(pointer, at.keys[i]), depth + 1);
    }
  }
  [[nodiscard]] const std::string& best() const { return best_; }

 private:
  void consider(const std::string& parent, const std::string& key, const json_tree& value,
                std::size_t depth) {
    const int alike = likeness(leaf_, key);
    if (alike == 0 || value.holds(type::null)) return;
    // Beside the place that was meant, then near the top.
    const int score = 100 * alike + (parent == parent_ ? 90 : 0) - static_cast<int>(depth);
    if (score <= score_) return;
    score_ = score;
    best_ = child_pointer(parent, key);
  }

  std::string parent_, leaf_, best_;
  int score_ = 0;
};

std::string pointer_of(const std::vector<std::string>& steps, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out = child_pointer(out, steps[i]);
  return out;
}

void find_lists(const json_tree& at, const std::string& pointer, std::size_t depth,
                std::vector<record_place>& out) {
  if (at.holds(type::list)) {
    const bool objects = std::ranges::any_of(at.items, [](const auto& i) { return i.holds(type::object); });
    if (objects || at.items.empty()) out.push_back({pointer, at.items.size(), objects});
    return;
  }
  if (depth == deepest_look) return;
  for (std::size_t i = 0; i < at.keys.size(); ++i)
    find_lists(at.items[i], child_pointer(pointer, at.keys[i]), depth + 1, out);
}

}  // namespace

int likeness(std::string_view a, std::string_view b) {
  const std::string x = letters(a), y = letters(b);
  if (x.empty() || y.empty()) return 0;
  if (x == y) return 3;
  const std::string& shorter = x.size() < y.size() ? x : y;
  const std::string& longer = x.size() < y.size() ? y : x;
  if (shorter.size() >= 2 && (longer.starts_with(shorter) || longer.ends_with(shorter))) return 2;
  const std::array known{y};
  return plugin::nearest(x, known).empty() ? 0 : 1;
}

std::string name_keys(const json_tree& object) {
  constexpr std::size_t named = 12;
  std::string out;
  for (std::size_t i = 0; i < std::min(named, object.keys.size()); ++i)
    out += (i == 0 ? "`" : ", `") + decode::one_line(object.keys[i], 60) + "`";
  if (object.keys.size() > named) out += " and " + std::to_string(object.keys.size() - named) + " more";
  return out;
}

std::string missed::text() const {
  const std::string where = reached.empty() ? "the keys are " : "the keys at `" + reached + "` are ";
  const std::string other = reached.empty() ? "there is " : "at `" + reached + "` there is ";
  return (keys.empty() ? other + there : where + keys) +
         (meant.empty() ? "" : "; did you mean `" + meant + "`?");
}

missed why_missing(const json_tree& from, const std::string& pointer) {
  missed out;
  const auto steps = decode::split_pointer(pointer);
  if (!steps) return {{}, "no JSON pointer", {}, {}};
  const pointer_end end = follow(from, *steps);
  out.reached = pointer_of(*steps, end.steps);
  out.there = show_value(*end.at);
  if (end.at->holds(type::object)) out.keys = name_keys(*end.at);
  if (end.steps == steps->size() || steps->empty()) return out;
  search like(out.reached, steps->back());
  like.look(from, {}, 0);
  out.meant = like.best();
  return out;
}

std::vector<record_place> record_places(const json_tree& page) {
  std::vector<record_place> out;
  find_lists(page, {}, 0, out);
  std::ranges::stable_sort(out, [](const record_place& a, const record_place& b) {
    return std::pair(a.objects, a.count) > std::pair(b.objects, b.count);
  });
  const bool none = out.empty() || !out.front().objects;
  if (none && page.holds(type::object)) out.insert(out.begin(), {"", 1, true});
  return out;
}

std::string why_no_records(const json_tree& page, const std::string& pointer) {
  std::string out = why_missing(page, pointer).text();
  out = out.substr(0, out.find("; did you mean"));
  std::string lists;
  for (const record_place& p : record_places(page)) {
    if (!p.objects || p.pointer == pointer) continue;
    const bool whole = p.pointer.empty() && page.holds(type::object);
    lists += (lists.empty() ? "" : ", or ") + in_ticks(p.pointer) +
             (whole ? " (the answer itself is one record)" : " (" + std::to_string(p.count) + " objects)");
  }
  return lists.empty() ? out : out + "; did you mean `records`: " + lists + "?";
}

}  // namespace sluice::host

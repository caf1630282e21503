#include "plugin/strict_json.hpp"

#include <algorithm>
#include <set>

#include "plugin/codes.hpp"

namespace sluice::plugin {

using nlohmann::json;

namespace {

constexpr int deepest = 64;

// Follows the parser through the text, to say where a key stands a second time.
class duplicate_watch {
 public:
  explicit duplicate_watch(problem_list& problems) : problems_(problems) {}

  bool operator()(int, json::parse_event_t event, const json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start: open(event == json::parse_event_t::array_start); break;
      case json::parse_event_t::key: key(parsed.get<std::string>()); break;
      case json::parse_event_t::value: ended(); break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        stack_.pop_back();
        ended();
        break;
    }
    return true;
  }

 private:
  struct level {
    bool array = false;
    std::size_t index = 0;
    std::string key;
    std::set<std::string> seen;
  };

  void open(bool array) {
    stack_.push_back({array, 0, {}, {}});
    if (stack_.size() == deepest + 1) {
      problems_.add(code::metadata_not_json, where(),
                    "is nested deeper than " + std::to_string(deepest) + " levels");
    }
  }
  void key(std::string text) {
    stack_.back().key = text;
    if (!stack_.back().seen.insert(text).second) {
      problems_.add(code::metadata_not_json, where(), "key `" + text + "` stands here twice");
    }
  }
  void ended() {
    if (!stack_.empty()) ++stack_.back().index;
  }
  [[nodiscard]] std::string where() const {
    std::string out;
    for (const level& l : stack_) {
      if (l.array) out = at_index(out, l.index);
      else if (!l.key.empty()) out = out / l.key;
    }
    return out;
  }

  problem_list& problems_;
  std::vector<level> stack_;
};

}  // namespace

bool problem_list::failed() const noexcept {
  return std::any_of(items_.begin(), items_.end(), [](const problem& p) { return !p.warning; });
}

std::optional<json> parse_strict(const std::string& text, problem_list& problems) {
  duplicate_watch watch(problems);
  try {
    json out = json::parse(text, std::ref(watch));
    if (problems.failed()) return std::nullopt;
    return out;
  } catch (const json::exception& e) {
    const std::string_view what = e.what();
    const auto cut = what.find("] ");
    problems.add(code::metadata_not_json, {}, std::string(cut == what.npos ? what : what.substr(cut + 2)));
    return std::nullopt;
  }
}

std::string operator/(const std::string& pointer, std::string_view key) {
  std::string out = pointer + "/";
  for (char c : key) {
    if (c == '~') out += "~0";
    else if (c == '/') out += "~1";
    else out += c;
  }
  return out;
}

bool is_name(std::string_view text) noexcept {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto follows = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !text.empty() && text.size() <= 63 && letter(text[0]) &&
         std::all_of(text.begin(), text.end(), follows);
}

}  // namespace sluice::plugin

#include "plugin/strict_json.hpp"

#include <algorithm>
#include <set>

#include "plugin/codes.hpp"
#include "plugin/suggest.hpp"

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
      problems_.add(code::metadata_not_json, where(), "is nested deeper than " + std::to_string(deepest) + " levels");
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
  return !text.empty() && text.size() <= 63 && letter(text[0]) && std::all_of(text.begin(), text.end(), follows);
}

object_reader::object_reader(const json& value, std::string pointer, problem_list& problems)
    : value_(value.is_object() ? &value : nullptr), pointer_(std::move(pointer)), problems_(problems) {
  if (value_ == nullptr) {
    problems_.add(code::metadata_wrong, pointer_, std::string("must be an object, not ") + value.type_name());
  }
}

const json* object_reader::find(const char* key) {
  known_.emplace_back(key);
  if (value_ == nullptr) return nullptr;
  const auto it = value_->find(key);
  return it == value_->end() ? nullptr : &*it;
}

const json* object_reader::require(const char* key) {
  const json* found = find(key);
  if (found == nullptr && value_ != nullptr) {
    problems_.add(code::metadata_wrong, pointer_, "lacks `" + std::string(key) + "`");
  }
  return found;
}

std::string object_reader::text(const char* key) {
  const json* v = find(key);
  if (v == nullptr) return {};
  if (v->is_string()) return v->get<std::string>();
  fail(key, std::string("must be text, not ") + v->type_name());
  return {};
}

std::string object_reader::required_text(const char* key) {
  const bool there = require(key) != nullptr;
  std::string out = text(key);
  if (there && out.empty() && value_->at(key).is_string()) fail(key, "must not be empty");
  return out;
}

std::string object_reader::name(const char* key) {
  std::string out = required_text(key);
  if (!out.empty() && !is_name(out)) {
    fail(key, "`" + out + "` is not a name", "a name is a-z, then up to 62 of a-z 0-9 _");
  }
  return out;
}

bool object_reader::flag(const char* key) {
  const json* v = find(key);
  if (v == nullptr) return false;
  if (v->is_boolean()) return v->get<bool>();
  fail(key, std::string("must be true or false, not ") + v->type_name());
  return false;
}

std::uint32_t object_reader::positive(const char* key, std::uint32_t otherwise) {
  const json* v = find(key);
  if (v == nullptr) return otherwise;
  if (v->is_number_unsigned() && v->get<std::uint64_t>() >= 1 && v->get<std::uint64_t>() <= 1'000'000) {
    return v->get<std::uint32_t>();
  }
  fail(key, "must be a whole number from 1 to 1000000, not " + v->dump());
  return otherwise;
}

std::vector<std::string> object_reader::texts(const char* key) {
  std::vector<std::string> out;
  each(key, [&](const json& v, const std::string& where) {
    if (v.is_string()) out.push_back(v.get<std::string>());
    else problems_.add(code::metadata_wrong, where, std::string("must be text, not ") + v.type_name());
  });
  return out;
}

json object_reader::object(const char* key) {
  const json* v = find(key);
  if (v == nullptr) return json::object();
  if (v->is_object()) return *v;
  fail(key, std::string("must be an object, not ") + v->type_name());
  return json::object();
}

void object_reader::each(const char* key, const std::function<void(const json&, const std::string&)>& fn) {
  const json* v = find(key);
  if (v == nullptr) return;
  if (!v->is_array()) return fail(key, std::string("must be an array, not ") + v->type_name());
  for (std::size_t i = 0; i < v->size(); ++i) fn((*v)[i], at_index(pointer_ / key, i));
}

void object_reader::fail(std::string_view key, std::string message, std::string help) {
  problems_.add(code::metadata_wrong, key.empty() ? pointer_ : pointer_ / key, std::move(message), std::move(help));
}

void object_reader::done() {
  if (value_ == nullptr) return;
  std::sort(known_.begin(), known_.end());
  known_.erase(std::unique(known_.begin(), known_.end()), known_.end());
  for (const auto& [key, ignored] : value_->items()) {
    if (std::binary_search(known_.begin(), known_.end(), key)) continue;
    fail(key, "unknown key `" + key + "`", suggestion(key, known_));
  }
}

}  // namespace sluice::plugin

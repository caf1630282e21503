#include <algorithm>

#include "plugin/codes.hpp"
#include "plugin/strict_json.hpp"
#include "plugin/suggest.hpp"

namespace sluice::plugin {

using nlohmann::json;

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
  problems_.add(code::metadata_wrong, key.empty() ? pointer_ : pointer_ / key, std::move(message),
                std::move(help));
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

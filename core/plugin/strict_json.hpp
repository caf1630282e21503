// JSON read strictly, with every fault collected under its file and JSON pointer: no duplicate keys, no
// unknown keys, no wrong types. Used for plugin.json.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "plugin/metadata.hpp"

namespace sluice::plugin {

// Collects the problems of one file.
class problem_list {
 public:
  explicit problem_list(std::string file) : file_(std::move(file)) {}
  void add(const char* code, std::string pointer, std::string message, std::string help = {}) {
    items_.push_back({code, file_, std::move(pointer), std::move(message), std::move(help), false});
  }
  void warn(const char* code, std::string pointer, std::string message, std::string help = {}) {
    items_.push_back({code, file_, std::move(pointer), std::move(message), std::move(help), true});
  }
  [[nodiscard]] bool failed() const noexcept;
  [[nodiscard]] std::vector<problem>& items() noexcept { return items_; }

 private:
  std::string file_;
  std::vector<problem> items_;
};

// Absent when the text is not JSON, is nested deeper than 64 levels or has a key twice.
[[nodiscard]] std::optional<nlohmann::json> parse_strict(const std::string& text, problem_list& problems);

[[nodiscard]] std::string operator/(const std::string& pointer, std::string_view key);
[[nodiscard]] inline std::string at_index(const std::string& pointer, std::size_t i) {
  return pointer + "/" + std::to_string(i);
}
// [a-z][a-z0-9_]{0,62}
[[nodiscard]] bool is_name(std::string_view text) noexcept;

// The members of one object. What nobody asked for is reported by done().
class object_reader {
 public:
  object_reader(const nlohmann::json& value, std::string pointer, problem_list& problems);

  [[nodiscard]] const nlohmann::json* find(const char* key);     // nullptr: not there
  [[nodiscard]] const nlohmann::json* require(const char* key);  // and reported
  [[nodiscard]] std::string text(const char* key);               // empty where it is not there
  [[nodiscard]] std::string required_text(const char* key);
  [[nodiscard]] std::string name(const char* key);  // required; is_name
  [[nodiscard]] bool flag(const char* key);
  [[nodiscard]] std::uint32_t positive(const char* key, std::uint32_t otherwise);
  [[nodiscard]] std::vector<std::string> texts(const char* key);  // an array of texts
  [[nodiscard]] nlohmann::json object(const char* key);           // {} where it is not there
  // Calls `fn` for every element of an array; nothing where the key is absent.
  void each(const char* key, const std::function<void(const nlohmann::json&, const std::string&)>& fn);

  void fail(std::string_view key, std::string message, std::string help = {});
  // Reports keys that were not asked for.
  void done();
  [[nodiscard]] const std::string& pointer() const noexcept { return pointer_; }

 private:
  const nlohmann::json* value_;  // nullptr: not an object, and reported
  std::string pointer_;
  problem_list& problems_;
  std::vector<std::string> known_;
};

}  // namespace sluice::plugin

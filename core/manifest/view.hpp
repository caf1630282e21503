// A mapping of the manifest read through its table: keys are checked once, values come out typed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/context.hpp"
#include "manifest/tables.hpp"

namespace sluice::manifest {

class view {
 public:
  // Reports what is no mapping, unknown keys and missing ones. `name_at` is the key that holds it.
  view(context&, const node&, const shape&, std::string path, span name_at);

  [[nodiscard]] bool is_mapping() const { return node_->is_mapping(); }
  [[nodiscard]] bool has(std::string_view key) const { return node_->find(key) != nullptr; }
  [[nodiscard]] const node* get(std::string_view key) const;
  [[nodiscard]] std::string path(std::string_view key) const { return child_path(path_, key); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] span key_at(std::string_view key) const;
  [[nodiscard]] span at() const { return name_at_; }
  [[nodiscard]] const node& self() const { return *node_; }

  // The value of a key, or its default from the table; after a report, the default too.
  [[nodiscard]] std::string text(std::string_view key, const text_policy& = {});
  [[nodiscard]] std::string choice(std::string_view key);
  [[nodiscard]] bool boolean(std::string_view key);
  [[nodiscard]] std::int64_t integer(std::string_view key);
  [[nodiscard]] std::int64_t duration(std::string_view key);
  [[nodiscard]] double ratio(std::string_view key);
  [[nodiscard]] double rate(std::string_view key);
  // A list of plain texts with the place of each.
  struct placed_text {
    std::string text;
    span at;
    std::string path;
  };
  [[nodiscard]] std::vector<placed_text> texts(std::string_view key);
  // The items of a list, empty after a report.
  [[nodiscard]] const std::vector<node>& list(std::string_view key);

 private:
  [[nodiscard]] const field& row(std::string_view key) const;
  // The scalar's text with references resolved, or nothing after a report or when absent.
  std::optional<std::string> scalar(std::string_view key, const text_policy& = {});
  std::optional<double> number(std::string_view key, std::optional<double> (*parse)(std::string_view),
                               std::string_view expected);
  bool in_range(const field&, const node&, double value);
  void wrong(std::string_view code, std::string_view key, std::string_view expected, std::string help);

  context& c_;
  const node* node_;
  const shape& shape_;
  std::string path_;
  span name_at_;
};

// "expected X, found Y": in one voice everywhere. References show as written, never their value.
[[nodiscard]] std::string expected_found(std::string_view expected, const node& found);

}  // namespace sluice::manifest

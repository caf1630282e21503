// What the manifest says about the source and about one read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/page.hpp>
#include <sluice/template.hpp>

namespace sluice::files {

inline constexpr std::uint64_t max_page_bytes = 32ULL << 20;

struct settings {
  std::string root;
  std::optional<page_format> format;
  std::uint64_t max_file = 32ULL << 20;
};

struct read {
  std::string path;                    // as written, for messages
  std::vector<text_template> folders;  // each part of it
  text_template name;
  bool pattern = false;  // the name holds * or ?
  std::optional<page_format> format;
  std::uint64_t page_bytes = 4ULL << 20;
  std::uint64_t page_records = 2000;
};

// Throw sluice::failure (invalid), which names the setting.
[[nodiscard]] settings parse_settings(std::string_view config_json);
[[nodiscard]] read parse_read(std::string_view read_json);

// What the end of a file's name says.
[[nodiscard]] std::optional<page_format> format_of_name(std::string_view name);

}  // namespace sluice::files

// plugin.json, read strictly: what a plugin is, known without running its code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <sluice/schema.hpp>

namespace sluice::plugin {

enum class component_kind : std::uint8_t { domain, source, backend };

[[nodiscard]] std::string_view to_text(component_kind kind) noexcept;
[[nodiscard]] std::optional<component_kind> component_kind_from(std::string_view text) noexcept;

struct component {
  component_kind kind = component_kind::domain;
  std::string name, description;
  nlohmann::json
      config_schema;  // JSON Schema of the entry's own settings; takes none where plugin.json is silent
  nlohmann::json request_schema;       // sources: JSON Schema of a read's `request`; else null
  nlohmann::json capabilities;         // an object
  std::vector<stream_schema> streams;  // domains
  nlohmann::json reads;                // domains: documented reads in manifest form, by name; an object

  // A capability that is on, such as "transform".
  [[nodiscard]] bool can(std::string_view capability) const;
  [[nodiscard]] const stream_schema* find_stream(std::string_view stream) const noexcept;
};

struct sdk_version {
  std::uint32_t major = 0, minor = 0;
};
[[nodiscard]] std::string to_text(sdk_version version);
// The SDK that this host was built with.
[[nodiscard]] sdk_version host_sdk() noexcept;

struct metadata {
  std::string name, version, description, license;
  sdk_version sdk;
  std::vector<component> components;
  std::string text;  // the file, byte for byte

  // True when a component can't do without code: every source and backend, and a domain that transforms.
  [[nodiscard]] bool needs_code() const;
  [[nodiscard]] const component* find(component_kind kind, std::string_view name) const noexcept;
};

// Something wrong with an installed plugin, where, and what to do.
struct problem {
  std::string code;     // SLU-2xxx
  std::string file;     // as found
  std::string pointer;  // JSON pointer into it; empty: the whole file
  std::string message;
  std::string help;  // may be empty
  bool warning = false;
};
// "plugins/x/plugin.json: /components/0/kind: … (help)", one line.
[[nodiscard]] std::string to_line(const problem& p);

struct metadata_result {
  std::optional<metadata> value;  // absent when a problem is more than a warning
  std::vector<problem> problems;  // all of them, in the order of the file
};

// `file` is what the problems name.
[[nodiscard]] metadata_result parse_metadata(std::string text, const std::string& file);
[[nodiscard]] metadata_result read_metadata(const std::filesystem::path& file);

}  // namespace sluice::plugin

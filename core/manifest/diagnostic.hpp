// What is wrong with a manifest: where, why and what to write instead. Shown as text with the offending line,
// or as JSON for tools.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::manifest {

// Lines and columns count from 1, columns in characters; `end_column` is one past the last. Line 0: the
// file as a whole.
struct position {
  std::string file;
  int line = 0, column = 0, end_line = 0, end_column = 0;

  friend bool operator==(const position&, const position&) = default;
};

enum class severity : std::uint8_t { error, warning };

struct related_position {
  position at;
  std::string message;
  std::string source;  // the line, secrets masked
};

struct diagnostic {
  std::string code;  // "SLU-1013"
  enum severity severity = severity::error;
  position at;
  std::string path;  // "phases.essential.deadline"
  std::string message;
  std::vector<std::string> help;
  std::vector<related_position> related;
  std::string source;  // the line, secrets masked
};

[[nodiscard]] std::string render_text(const diagnostic&);
// All of them with blank lines between, and a last line that counts.
[[nodiscard]] std::string render_text(const std::vector<diagnostic>&);
// A JSON array of {code, severity, file, line, column, end_line, end_column, path, message, help, related}.
[[nodiscard]] std::string render_json(const std::vector<diagnostic>&);

}  // namespace sluice::manifest

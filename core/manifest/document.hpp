// Text → tree: strict YAML, one document, no aliases or tags, bounded in size, depth and nodes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/diagnostic.hpp"
#include "manifest/node.hpp"

namespace sluice::manifest {

inline constexpr std::size_t max_document_bytes = 1U << 20U;
inline constexpr int max_document_depth = 32;
inline constexpr int max_document_nodes = 50'000;

// One file's text with its lines. Ranges that hold a secret by mistake are masked in everything it shows.
class document {
 public:
  document(std::string file, std::string_view text);  // drops a byte order mark

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string folder() const;

  [[nodiscard]] position locate(span) const;
  [[nodiscard]] std::string line_text(int line) const;  // without its end, secrets masked
  void mask(span s) { masks_.push_back(s); }

 private:
  [[nodiscard]] int line_of(std::size_t offset) const;

  std::string file_, text_;
  std::vector<std::size_t> starts_;  // of lines
  std::vector<span> masks_;
};

// A diagnostic before its source line is filled in: masks are known only at the end.
struct finding {
  std::string code;
  enum severity severity = severity::error;
  const document* in = nullptr;
  span at;
  bool whole_file = false;
  std::string path, message;
  std::vector<std::string> help;
  std::vector<std::pair<span, std::string>> related;
};

// The root, or nothing when the text is no YAML; findings are appended.
[[nodiscard]] std::optional<node> parse_yaml(const document&, std::vector<finding>&);

// Sorted by position, the first 50 of them.
[[nodiscard]] std::vector<diagnostic> to_diagnostics(std::vector<finding>);

}  // namespace sluice::manifest

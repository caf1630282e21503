// Reads a small text file without being fooled: no folders, no pipes, no devices, nothing huge, no hang.
#pragma once

#include <cstddef>
#include <string>

namespace sluice::manifest {

struct file_text {
  std::string text;
  std::string error;  // empty: read; else what is wrong with the file, without its name
  std::string help;
  bool too_large = false;
};

[[nodiscard]] file_text read_text_file(const std::string& path, std::size_t max_bytes);

// What is wrong with a file that holds a secret, or empty: it must be a regular, readable, non-empty file that
// others can't read. Its content is not looked at.
[[nodiscard]] std::string secret_file_problem(const std::string& path);

}  // namespace sluice::manifest

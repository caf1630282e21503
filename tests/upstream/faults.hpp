// The script of faults: which request fails, and how. README.md lists what can be scripted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::upstream {

struct fault {
  std::string what;  // "truncate"; empty: none
  int status = 0;
  std::int64_t at = -1, ms = 0, rate = 0, mib = 0, depth = 0, total = 0;
  std::string to, body, type, value;  // value: JSON text
  std::string key, wire;              // wire: the whole answer
  std::vector<std::string> with;      // JSON texts, one for each place; the last for all that follow
  std::uint32_t count = 1, create = 0, remove = 0;
  double percent = 0;
  bool close = true;
  std::map<std::string, std::string> headers;
};

struct fault_match {
  std::string path = "*", query, tenant;
  std::uint64_t number = 0, nth = 0;  // 0: any
};

class fault_script {
 public:
  // Throws std::runtime_error that says which entry is wrong and why.
  static fault_script parse(std::string_view json_array);

  // Counts the request and returns the fault that it gets.
  [[nodiscard]] std::optional<fault> next(std::uint64_t number, std::string_view path, std::string_view query,
                                          std::string_view tenant);
  [[nodiscard]] std::string to_json() const;

 private:
  struct entry {
    fault_match match;
    fault does;
    std::uint64_t times = 0;  // 0: without end
    std::uint64_t seen = 0, used = 0;
  };
  std::vector<entry> entries_;
};

}  // namespace sluice::upstream

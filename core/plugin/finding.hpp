// The outcome of one check of a plugin, and a list of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/error.hpp"

namespace sluice::plugin {

struct finding {
  std::string check;         // "library is not writable by others"
  std::string code;          // empty: passed
  std::string message, fix;  // of a failure

  [[nodiscard]] bool passed() const noexcept { return code.empty(); }
};

// "<message>; <fix>", one line.
[[nodiscard]] inline error to_error(const finding& failed) {
  return {status::invalid, failed.code,
          failed.fix.empty() ? failed.message : failed.message + "; " + failed.fix};
}

class finding_list {
 public:
  void pass(std::string check) { items_.push_back({std::move(check), {}, {}, {}}); }
  void fail(std::string check, const char* code, const std::filesystem::path& where, const std::string& what,
            std::string fix) {
    items_.push_back({std::move(check), code, where.string() + ": " + what, std::move(fix)});
    ++failures_;
  }
  [[nodiscard]] std::size_t failures() const noexcept { return failures_; }
  [[nodiscard]] std::vector<finding> take() noexcept { return std::move(items_); }

 private:
  std::vector<finding> items_;
  std::size_t failures_ = 0;
};

}  // namespace sluice::plugin

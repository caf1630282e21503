// sluice.lock: which build of which plugin may be loaded. One line for each plugin, sorted:
//   name version sha256
// The digest is the library's, or plugin.json's where there is no library.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace sluice::plugin {

class catalog;
struct installed_plugin;

struct pin {
  std::string version, sha256;

  friend bool operator==(const pin&, const pin&) = default;
};

class lock_file {
 public:
  // Throws error: unreadable, writable by others, or a line that is not a pin.
  [[nodiscard]] static lock_file read(const std::filesystem::path& file);
  // Pins what is installed now. Throws error when a plugin is broken.
  [[nodiscard]] static lock_file of(const catalog& plugins);

  [[nodiscard]] const pin* find(std::string_view plugin) const noexcept;
  [[nodiscard]] const std::map<std::string, pin, std::less<>>& pins() const noexcept { return pins_; }
  // Where it was read from; empty for one that was made.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::string text() const;
  // Replaces the file as a whole. Throws error.
  void write(const std::filesystem::path& file) const;

 private:
  std::map<std::string, pin, std::less<>> pins_;
  std::filesystem::path path_;
};

}  // namespace sluice::plugin

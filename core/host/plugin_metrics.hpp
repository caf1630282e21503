// What plugins count and measure, in this process. However many names a plugin makes up, there is an end to it. Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace sluice::host {

class plugin_metrics {
 public:
  static constexpr std::size_t most = 512;         // in all
  static constexpr std::size_t most_of_one = 32;   // of one plugin in one pipeline
  static constexpr std::size_t longest_name = 64;  // of small letters, digits and _, a letter first

  struct entry {
    std::string pipeline, plugin, name;
    double value = 0;
    bool counts = false;  // it only grows
  };

  void add(std::string_view pipeline, std::string_view plugin, std::string_view name, double delta) noexcept;
  void set(std::string_view pipeline, std::string_view plugin, std::string_view name, double value) noexcept;
  [[nodiscard]] std::vector<entry> all() const;
  // What could not be taken: too many names, one that is none, or a counter that was to shrink.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  using key = std::tuple<std::string, std::string, std::string>;
  struct kept {
    double value = 0;
    bool counts = false;
  };
  // Null: it is refused. Under the lock.
  kept* place(std::string_view pipeline, std::string_view plugin, std::string_view name, bool counts);

  mutable std::mutex mutex_;
  std::map<key, kept> values_;
  std::uint64_t refused_ = 0;
};

}  // namespace sluice::host

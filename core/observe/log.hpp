// The log: one JSON object a line, on standard error, with the names that tie it to a run. Secrets that
// the redactor knows never get out. Logging never throws and never ends the program, whatever happens
// to the other end of the pipe.
//
//   log.write(log_level::warn, {.run_id = id, .code = "SLU-2012"}, "plugin refused", {{"file", name}});
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "observe/redactor.hpp"

namespace sluice::observe {

enum class log_level : std::uint8_t { debug, info, warn, error };

[[nodiscard]] std::string_view to_text(log_level level) noexcept;
[[nodiscard]] std::optional<log_level> log_level_from(std::string_view text) noexcept;

// Whom a line is about. Empty members are left out of the line.
struct log_context {
  std::string_view correlation_id, tenant, run_id, plugin, code;
};

class log_field {
 public:
  using value_type = std::variant<std::int64_t, std::uint64_t, double, bool, std::string_view>;

  log_field(std::string_view key, std::string_view value) : key_(key), value_(value) {}
  log_field(std::string_view key, const char* value) : key_(key), value_(std::string_view(value)) {}
  log_field(std::string_view key, bool value) : key_(key), value_(value) {}
  log_field(std::string_view key, double value) : key_(key), value_(value) {}
  template <std::signed_integral T>
  log_field(std::string_view key, T value) : key_(key), value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
  log_field(std::string_view key, T value) : key_(key), value_(static_cast<std::uint64_t>(value)) {}

  [[nodiscard]] std::string_view key() const noexcept { return key_; }
  [[nodiscard]] const value_type& value() const noexcept { return value_; }

 private:
  std::string_view key_;
  value_type value_;
};

struct log_options {
  log_level level = log_level::info;
  int fd = 2;
};

class logger {
 public:
  // `secrets` must outlive the logger.
  logger(log_options options, const redactor& secrets);
  ~logger();
  logger(const logger&) = delete;
  logger& operator=(const logger&) = delete;

  void write(log_level level, const log_context& context, std::string_view message,
             std::initializer_list<log_field> fields = {}) noexcept;
  // For lines whose fields come as the text of a JSON object, such as those of plugins.
  void write_json(log_level level, const log_context& context, std::string_view message,
                  std::string_view fields_json) noexcept;

  [[nodiscard]] bool enabled(log_level level) const noexcept;
  void set_level(log_level level) noexcept;
  // For lines that have none of their own: a process that is there for one run says so once.
  void set_correlation_id(std::string id);
  // Lines that could not be written, because nobody reads any more or memory ran out.
  [[nodiscard]] std::uint64_t lost_lines() const noexcept;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::observe

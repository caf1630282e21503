#include "observe/log.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>

#include <spdlog/logger.h>
#include <nlohmann/json.hpp>

#include "observe/fd_sink.hpp"
#include "observe/instant.hpp"
#include "observe/next_step.hpp"

namespace sluice::observe {

namespace {

using json = nlohmann::ordered_json;

constexpr std::array<std::pair<log_level, std::string_view>, 4> level_names{{{log_level::debug, "debug"},
                                                                             {log_level::info, "info"},
                                                                             {log_level::warn, "warn"},
                                                                             {log_level::error, "error"}}};

spdlog::level::level_enum to_spdlog(log_level level) noexcept {
  switch (level) {
    case log_level::debug: return spdlog::level::debug;
    case log_level::info: return spdlog::level::info;
    case log_level::warn: return spdlog::level::warn;
    case log_level::error: break;
  }
  return spdlog::level::err;
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return rfc3339(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

constexpr int deepest = 16;  // what lies deeper is written as text

// Numbers are looked at too: a secret may be all digits.
json redacted(const redactor& secrets, const json& value, int depth = 0) {
  if (depth == deepest && value.is_structured()) return secrets.redact(value.dump());
  switch (value.type()) {
    case json::value_t::string: return secrets.redact(value.get_ref<const std::string&>());
    case json::value_t::number_float:
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: {
      std::string text = value.dump();
      return secrets.holds_secret(text) ? json(secrets.redact(text)) : value;
    }
    case json::value_t::array: {
      json out = json::array();
      for (const json& item : value) out.push_back(redacted(secrets, item, depth + 1));
      return out;
    }
    case json::value_t::object: {
      json out = json::object();
      for (const auto& [key, item] : value.items())
        out[secrets.redact(key)] = redacted(secrets, item, depth + 1);
      return out;
    }
    default: return value;
  }
}

json head(log_level level, const log_context& context, const std::string& default_id,
          std::string_view message) {
  json line{{"ts", timestamp()}, {"level", to_text(level)}, {"msg", message}};
  const auto put = [&](const char* key, std::string_view value) {
    if (!value.empty()) line[key] = value;
  };
  put("correlation_id", context.correlation_id.empty() ? default_id : context.correlation_id);
  put("tenant", context.tenant);
  put("run_id", context.run_id);
  put("plugin", context.plugin);
  put("code", context.code);
  return line;
}

// A field never replaces one of the line's own: it then gets a trailing underscore.
void put_field(json& line, std::string key, json value) {
  while (line.contains(key)) key += '_';
  line[std::move(key)] = std::move(value);
}

}  // namespace

std::string_view to_text(log_level level) noexcept {
  return level_names.at(static_cast<std::size_t>(level)).second;
}

std::optional<log_level> log_level_from(std::string_view text) noexcept {
  for (const auto& [level, name] : level_names) {
    if (name == text) return level;
  }
  return std::nullopt;
}

struct logger::state {
  state(log_options options, const redactor& known)
      : sink(std::make_shared<fd_sink>(options.fd)), out("sluice", sink), secrets(known) {
    out.set_level(to_spdlog(options.level));
    out.set_error_handler([this](const std::string&) { sink->count_lost(); });
  }

  template <typename AddFields>
  void write(log_level level, const log_context& context, std::string_view message,
             AddFields add_fields) noexcept {
    try {
      if (!out.should_log(to_spdlog(level))) return;
      json line = head(level, context, own_id(), message);
      add_fields(line);
      if (level >= log_level::warn && !line.contains("next")) {
        if (const std::string_view next = next_step(context.code); !next.empty()) line["next"] = next;
      }
      out.log(to_spdlog(level), redacted(secrets, line).dump(-1, ' ', false, json::error_handler_t::replace));
    } catch (...) {
      sink->count_lost();  // out of memory: the count is all that can be kept
    }
  }

  std::string own_id() {
    const std::lock_guard lock(mutex);
    return correlation_id;
  }

  std::shared_ptr<fd_sink> sink;  // shared, as spdlog wants it
  spdlog::logger out;
  const redactor& secrets;
  std::mutex mutex;
  std::string correlation_id;
};

logger::logger(log_options options, const redactor& secrets)
    : state_(std::make_unique<state>(options, secrets)) {}
logger::~logger() = default;

void logger::write(log_level level, const log_context& context, std::string_view message,
                   std::initializer_list<log_field> fields) noexcept {
  state_->write(level, context, message, [&](json& line) {
    for (const log_field& f : fields) {
      put_field(line, std::string(f.key()), std::visit([](const auto& v) { return json(v); }, f.value()));
    }
  });
}

void logger::write_json(log_level level, const log_context& context, std::string_view message,
                        std::string_view fields_json) noexcept {
  state_->write(level, context, message, [&](json& line) {
    if (fields_json.empty()) return;
    json fields = json::parse(fields_json, nullptr, false);
    if (!fields.is_object()) return put_field(line, "fields", std::string(fields_json));
    for (auto& [key, value] : fields.items()) put_field(line, key, std::move(value));
  });
}

bool logger::enabled(log_level level) const noexcept { return state_->out.should_log(to_spdlog(level)); }
void logger::set_level(log_level level) noexcept { state_->out.set_level(to_spdlog(level)); }
void logger::set_correlation_id(std::string id) {
  const std::lock_guard lock(state_->mutex);
  state_->correlation_id = std::move(id);
}
std::uint64_t logger::lost_lines() const noexcept { return state_->sink->lost(); }

}  // namespace sluice::observe

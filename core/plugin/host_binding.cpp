#include "plugin/host_binding.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <sluice/abi/runs.h>
#include <sluice/abi/trace.h>

#include "plugin/call_scope.hpp"
#include "plugin/guard.hpp"
#include "plugin/loader.hpp"
#include "plugin/rate_gate.hpp"
#include "plugin/run_services.hpp"

namespace sluice::plugin {

namespace {

constexpr std::size_t longest_message = 8192;
constexpr std::size_t longest_fields = 16384;

}  // namespace

struct host_binding::state {
  state(host_services& services, std::string plugin_name) : host(services), plugin(std::move(plugin_name)) {}

  host_services& host;
  std::string plugin;
  rate_gate lines;
  sluice_host abi{};
};

namespace {

// Hands an error of the host's to the plugin.
sluice_status give(sluice_error* out, const error& e) {
  struct texts {
    std::string message, code;
  };
  if (out != nullptr && out->size >= sizeof(sluice_error)) {
    auto owned = std::make_unique<texts>(texts{e.message(), e.code()});
    out->retry_after_ms = e.retry_after_ms();
    out->http_status = e.http_status();
    out->message = to_abi(owned->message);
    out->code = to_abi(owned->code);
    out->impl = owned.release();
    out->release = [](sluice_error* self) {
      delete static_cast<texts*>(self->impl);
      self->release = nullptr;
    };
  }
  return static_cast<sluice_status>(e.kind());
}

// What the host throws stops here; the plugin gets a status.
template <typename Call>
sluice_status serve(sluice_error* out, Call call) noexcept {
  try {
    call();
    return SLUICE_OK;
  } catch (const error& e) {
    return give(out, e);
  } catch (const std::exception& e) {
    return give(out, error(status::internal, code::host_failed, std::string("the host failed: ") + e.what()));
  }
}

using observe::log_level;

log_level level_of(std::int32_t level) noexcept {
  switch (level) {
    case SLUICE_LOG_DEBUG: return log_level::debug;
    case SLUICE_LOG_WARN: return log_level::warn;
    case SLUICE_LOG_ERROR: return log_level::error;
    default: return log_level::info;
  }
}

template <typename State>
State& of(const sluice_host* host) noexcept {
  return *static_cast<State*>(host->impl);
}

template <typename State>
void log_line(const sluice_host* host, const sluice_call* call, std::int32_t level, sluice_str message,
              sluice_str fields) noexcept {
  State& self = of<State>(host);
  observe::log_context context{.plugin = self.plugin};
  if (const call_scope* scope = call_scope::from(call)) {
    context.tenant = scope->values().tenant;
    context.run_id = scope->values().run_id;
    context.correlation_id = scope->values().correlation_id;
  }
  const auto passed = self.lines.pass();
  if (!passed) return;
  if (*passed != 0) {
    self.host.log(log_level::warn, context, "log lines of the plugin were dropped: it writes too many",
                  "{\"dropped\":" + std::to_string(*passed) + "}");
  }
  const std::string_view text = from_abi(fields);
  self.host.log(level_of(level), context, from_abi(message).substr(0, longest_message),
                text.size() <= longest_fields ? text : R"({"fields":"left out: more than 16 KiB"})");
}

sluice_status expand(host_services& host, const sluice_call* call, sluice_str text, sluice_secret* out,
                     sluice_error* failure) noexcept {
  return serve(failure, [&] {
    if (out == nullptr || out->size < sizeof(sluice_secret)) {
      throw error(status::invalid, code::host_failed, "the place for the secret is missing or too small");
    }
    const call_scope* scope = call_scope::from(call);
    auto value = std::make_unique<std::string>(
        host.expand_secret(scope == nullptr ? std::string_view() : scope->values().tenant, from_abi(text)));
    out->value = to_abi(*value);
    out->impl = value.release();
    out->release = [](sluice_secret* self) {
      auto* owned = static_cast<std::string*>(self->impl);
      if (owned != nullptr) ::explicit_bzero(owned->data(), owned->size());
      delete owned;
      self->impl = nullptr;
      self->release = nullptr;
    };
  });
}

sluice_status run_step(host_services& host, sluice_str run, sluice_str step, sluice_step_progress progress,
                       sluice_step_done done, void* data, sluice_error* failure) noexcept {
  return serve(failure, [&] {
    step_progress on_progress;
    if (progress != nullptr) {
      on_progress = [=](std::string_view json) { progress(data, to_abi(json)); };
    }
    host.run_step(from_abi(run), from_abi(step), std::move(on_progress),
                  [=](step_outcome o, std::string_view json) {
                    done(data, static_cast<std::int32_t>(o), to_abi(json));
                  });
  });
}

// A host that only looks at pipelines holds no runs.
template <typename State>
run_services* runs_of(const sluice_host* host) noexcept {
  return dynamic_cast<run_services*>(&of<State>(host).host);
}

sluice_status adopt(run_services& runs, sluice_str run, sluice_run_told told, void* data,
                    sluice_error* failure) noexcept {
  return serve(failure, [&] {
    const std::string json = R"({"state":")" + runs.adopt(from_abi(run)) + "\"}";
    told(data, to_abi(json));
  });
}

sluice_status finish(run_services& runs, sluice_str run, sluice_run_told told, void* data,
                     sluice_error* failure) noexcept {
  return serve(failure, [&] {
    runs.finish_run(from_abi(run), [=](std::string_view json) { told(data, to_abi(json)); });
  });
}

template <typename State>
const sluice_runs_v1* runs_table() noexcept {
  static const sluice_runs_v1 table{
      sizeof(sluice_runs_v1), [](const sluice_host* h) { return to_abi(runs_of<State>(h)->pipeline_name()); },
      [](const sluice_host* h, sluice_str run, sluice_run_told told, void* data, sluice_error* failure) {
        return adopt(*runs_of<State>(h), run, told, data, failure);
      },
      [](const sluice_host* h, sluice_str run, sluice_error* failure) {
        return serve(failure, [&] { runs_of<State>(h)->stop_run(from_abi(run)); });
      },
      [](const sluice_host* h, sluice_str run, sluice_run_told told, void* data, sluice_error* failure) {
        return finish(*runs_of<State>(h), run, told, data, failure);
      }};
  return &table;
}

// The service tables; captureless functions find their binding through the sluice_host.
template <typename State>
const void* service(const sluice_host* asked, const char* id) noexcept {
  static const sluice_secrets_v1 secrets{
      sizeof(sluice_secrets_v1),
      [](const sluice_host* h, const sluice_call* call, sluice_str text, sluice_secret* out,
         sluice_error* failure) { return expand(of<State>(h).host, call, text, out, failure); }};
  static const sluice_metrics_v1 metrics{
      sizeof(sluice_metrics_v1),
      [](const sluice_host* h, sluice_str name, double delta) {
        of<State>(h).host.metric_add(of<State>(h).plugin, from_abi(name), delta);
      },
      [](const sluice_host* h, sluice_str name, double value) {
        of<State>(h).host.metric_set(of<State>(h).plugin, from_abi(name), value);
      }};
  static const sluice_steps_v1 steps{
      sizeof(sluice_steps_v1),
      [](const sluice_host* h, sluice_str run, sluice_str step, sluice_step_progress progress,
         sluice_step_done done, void* data, sluice_error* failure) {
        return run_step(of<State>(h).host, run, step, progress, done, data, failure);
      },
      [](const sluice_host* h, sluice_str run, sluice_error* failure) {
        return serve(failure, [&] { of<State>(h).host.run_ended(from_abi(run)); });
      }};
  static const sluice_trace_v1 trace{sizeof(sluice_trace_v1), [](const sluice_host* h, const sluice_call*,
                                                                 sluice_str exchange, sluice_str body) {
                                       of<State>(h).host.exchange(from_abi(exchange), from_abi(body));
                                     }};
  const std::string_view wanted = id == nullptr ? "" : id;
  if (wanted == SLUICE_SECRETS_1) return &secrets;
  if (wanted == SLUICE_METRICS_1) return &metrics;
  if (wanted == SLUICE_STEPS_1) return &steps;
  if (wanted == SLUICE_RUNS_1 && runs_of<State>(asked) != nullptr) return runs_table<State>();
  if (wanted == SLUICE_TRACE_1 && of<State>(asked).host.traces()) return &trace;
  return nullptr;
}

}  // namespace

host_binding::host_binding(host_services& host, std::string plugin)
    : state_(std::make_unique<state>(host, std::move(plugin))) {
  sluice_host& h = state_->abi;
  h.size = sizeof h;
  h.abi_minor = SLUICE_ABI_MINOR;
  h.name = to_abi("sluice");
  h.version = to_abi(host_version());
  h.log = log_line<state>;
  h.service = service<state>;
  h.impl = state_.get();
}

host_binding::~host_binding() = default;

const sluice_host* host_binding::abi() const noexcept { return &state_->abi; }

}  // namespace sluice::plugin

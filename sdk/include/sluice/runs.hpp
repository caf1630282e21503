// For backends whose steps may run on any host: see sluice/abi/runs.h. Throws failure.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <sluice/abi/runs.h>
#include <sluice/detail/guard.hpp>
#include <sluice/host.hpp>

namespace sluice {

class runs {
 public:
  // told_json: {"state"}, and perhaps {"error"}.
  using told_fn = std::function<void(std::string_view told_json)>;

  explicit runs(const host_ref& host) : host_(host), table_(host.require<sluice_runs_v1>(SLUICE_RUNS_1)) {}

  [[nodiscard]] std::string_view pipeline() const { return detail::view(table_.pipeline(host_.raw())); }

  // What is told of the run, which is at work here from now on, unless it has ended.
  [[nodiscard]] std::string adopt(std::string_view run_id) const {
    std::string out;
    ask([&](sluice_error* e) {
      return table_.adopt(
          host_.raw(), detail::str(run_id),
          [](void* data, sluice_str told) { static_cast<std::string*>(data)->assign(detail::view(told)); },
          &out, e);
    });
    return out;
  }

  void cancel(std::string_view run_id) const {
    ask([&](sluice_error* e) { return table_.cancel(host_.raw(), detail::str(run_id), e); });
  }

  // `told` comes exactly once, from any thread, maybe before this returns; not when this throws.
  void finish(std::string_view run_id, told_fn told) const {
    auto pending = std::make_unique<callback>(callback{host_, std::move(told)});
    ask([&](sluice_error* e) {
      return table_.finish(host_.raw(), detail::str(run_id), finished, pending.get(), e);
    });
    static_cast<void>(pending.release());  // finished owns it, and may have deleted it by now
  }

 private:
  struct callback {
    host_ref host;
    told_fn told;
  };

  template <class F>
  static void ask(F&& question) {
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = question(&e);
    if (s != SLUICE_OK) throw detail::take_error(s, e);
  }
  static void finished(void* data, sluice_str told) noexcept {
    const std::unique_ptr<callback> c(static_cast<callback*>(data));
    sluice_error e{};
    e.size = sizeof e;
    if (detail::guard(&e, [&] { c->told(detail::view(told)); }) == SLUICE_OK) return;
    c->host.log(log_level::error, detail::view(e.message));
    if (e.release != nullptr) e.release(&e);
  }

  host_ref host_;
  const sluice_runs_v1& table_;
};

}  // namespace sluice

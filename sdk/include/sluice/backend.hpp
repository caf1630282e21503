// Writing a backend: what sequences the steps of a run. It never sees a record: it gets a plan, asks the
// host to run steps in an order that the plan allows, and says when no steps are left.
//
//   class one_by_one : public sluice::backend { … };
//   SLUICE_PLUGIN(sluice::backend_of<one_by_one, components::one_by_one>)
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include <sluice/abi/backend.h>
#include <sluice/detail/guard.hpp>
#include <sluice/host.hpp>
#include <sluice/plugin.hpp>

namespace sluice {

enum class step_outcome : std::int32_t {
  ended = SLUICE_STEP_ENDED,      // the step's stages are terminal: go on
  yielded = SLUICE_STEP_YIELDED,  // run it again, after others had their turn
  fenced = SLUICE_STEP_FENCED,    // another attempt has taken over: stop, without a result
  cancelled = SLUICE_STEP_CANCELLED,
};

// All functions may be called from any thread, concurrently. They throw failure.
class backend {
 public:
  backend() = default;
  backend(const backend&) = delete;
  backend& operator=(const backend&) = delete;
  // Waits until no step of it is under way.
  virtual ~backend() = default;

  // plan_json: {"run_id", "tenant", "pipeline", "correlation_id", "steps": [{"name", "phase", "after": […],
  // "stages": […]}]}. Returns soon. Starting a run twice is harmless.
  virtual void start(std::string_view run_id, std::string_view plan_json) = 0;
  virtual void cancel(std::string_view run_id) = 0;
  // {"runs": [plan, …]}: open in the store since before the host's start; go on with them.
  virtual void reconcile(std::string_view runs_json) = 0;
  // Returns if it can take runs now, else throws why it can't. Answers within 100 ms.
  virtual void health() {}
};

// The host's side: running the steps of a run. Throws failure; on a failure no callback comes.
class steps {
 public:
  using progress_fn = std::function<void(std::string_view progress_json)>;
  using done_fn = std::function<void(step_outcome, std::string_view result_json)>;

  explicit steps(const host_ref& host) : host_(host), table_(host.require<sluice_steps_v1>(SLUICE_STEPS_1)) {}

  // Runs one step from its checkpoints until it ends, yields or fails. on_done comes exactly once, from
  // any thread, maybe before this returns; the texts are valid during the callback. on_progress may be empty.
  void run_step(std::string_view run_id, std::string_view step_json, progress_fn on_progress,
                done_fn on_done) const {
    auto pending = std::make_unique<callbacks>(callbacks{host_, std::move(on_progress), std::move(on_done)});
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = table_.run_step(host_.raw(), detail::str(run_id), detail::str(step_json),
                                            progress, done, pending.get(), &e);
    if (s != SLUICE_OK) throw detail::take_error(s, e);
    static_cast<void>(pending.release());  // done owns it, and may have deleted it by now
  }

  // No steps are left: the host proves the run's account and writes its terminal state. Once for each run
  // that was started and not fenced.
  void run_ended(std::string_view run_id) const {
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = table_.run_ended(host_.raw(), detail::str(run_id), &e);
    if (s != SLUICE_OK) throw detail::take_error(s, e);
  }

 private:
  struct callbacks {
    host_ref host;
    progress_fn on_progress;
    done_fn on_done;
  };

  // A callback that throws is a defect of the plugin; the host hears of it by the log.
  template <class Fn>
  static void checked(const host_ref& host, Fn&& fn) noexcept {
    sluice_error e{};
    e.size = sizeof e;
    if (detail::guard(&e, std::forward<Fn>(fn)) == SLUICE_OK) return;
    host.log(log_level::error, detail::view(e.message));
    if (e.release != nullptr) e.release(&e);
  }
  static void progress(void* data, sluice_str json) noexcept {
    const auto& c = *static_cast<callbacks*>(data);
    if (c.on_progress) checked(c.host, [&] { c.on_progress(detail::view(json)); });
  }
  static void done(void* data, std::int32_t outcome, sluice_str json) noexcept {
    const std::unique_ptr<callbacks> c(static_cast<callbacks*>(data));
    checked(c->host, [&] { c->on_done(static_cast<step_outcome>(outcome), detail::view(json)); });
  }

  host_ref host_;
  const sluice_steps_v1& table_;
};

template <class B>
concept backend_type = std::derived_from<B, backend> && std::constructible_from<B, const setup&>;

namespace detail {

template <backend_type B>
struct backend_table {
  static sluice_status create(const sluice_host* host, sluice_str config, void** self,
                              sluice_error* e) noexcept {
    return guard(e, [&] { *self = new B(setup{host_ref(host), view(config)}); });
  }
  static void destroy(void* self) noexcept { delete static_cast<B*>(self); }
  static sluice_status start(void* self, sluice_str run_id, sluice_str plan, sluice_error* e) noexcept {
    return guard(e, [&] { static_cast<B*>(self)->start(view(run_id), view(plan)); });
  }
  static sluice_status cancel(void* self, sluice_str run_id, sluice_error* e) noexcept {
    return guard(e, [&] { static_cast<B*>(self)->cancel(view(run_id)); });
  }
  static sluice_status reconcile(void* self, sluice_str runs, sluice_error* e) noexcept {
    return guard(e, [&] { static_cast<B*>(self)->reconcile(view(runs)); });
  }
  static sluice_status health(void* self, sluice_error* e) noexcept {
    return guard(e, [&] { static_cast<B*>(self)->health(); });
  }

  static constexpr sluice_backend_v1 table{
      sizeof(sluice_backend_v1), 0, create, destroy, start, cancel, reconcile, health};
};

}  // namespace detail

template <backend_type B, class Meta>
struct backend_of {
  static constexpr sluice_component component{sizeof(sluice_component), "backend", Meta::name,
                                              &detail::backend_table<B>::table};
};

}  // namespace sluice

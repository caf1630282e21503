// The store as one host reaches it: requests travel, arrive also when their host has stopped, and
// their answers may be lost. Faults are drawn from the seed; every call that takes effect is told to
// the checkers.
#pragma once

#include <memory>

#include "engine/batch_gate.hpp"
#include "invariants/checker.hpp"
#include "support/faulty_session.hpp"
#include "support/memory_store.hpp"
#include "upstream.hpp"

namespace sluice::sim {

// Told before each request how far the wall clock of its host is off. No store may ask for it; a planted
// bug does.
inline std::function<void(std::int64_t off_us)> host_clock_at_store;

// Tells the checkers what happens at the store.
class watched_session final : public testing::faulty_session {
 public:
  watched_session(engine::session& inner, const checkers& watch, caller who)
      : faulty_session(inner, [](const char*) { return testing::fault::none; }), watch_(watch), who_(who) {}

  engine::run_lease start_run(const engine::run_request& r,
                              const std::function<bool(const engine::holder&)>& dead) override;
  bool renew_lease(const std::string& run, std::int64_t epoch, std::int64_t us) override;
  void mark_running(const std::string& run, std::int64_t epoch) override;
  void mark_essential(const std::string& run, std::int64_t epoch) override;
  engine::stage_attempt begin_stage(const std::string& run, std::int64_t epoch,
                                    const engine::stage_start& start) override;
  std::vector<engine::stage_attempt> begin_stages(const engine::stages_start& start) override;
  void end_stages(const engine::stages_end& end) override;
  std::optional<engine::run_state> finish_quiet(const engine::quiet_end& end) override;
  engine::commit_result commit(engine::commit_request& request) override;
  void drop_item(const std::string& run, const std::string& stage, std::int64_t epoch,
                 const std::string& item) override;
  void end_stage(const engine::stage_end& end) override;
  engine::sweep_result sweep(const engine::sweep_request& request) override;
  engine::sweep_result cascade(const std::string& run, std::int64_t epoch, const std::string& stage,
                               const engine::delete_guard& guard) override;
  engine::run_state approve(const std::string& run) override;
  engine::retention_result retain(const engine::retention_request& request) override;
  engine::resolve_result resolve(const std::string& run, std::int64_t epoch, const std::string& tenant,
                                 int limit) override;
  engine::run_state finish_run(const std::string& run, std::int64_t epoch, bool cancelled,
                               const std::string& code, const std::string& error) override;

 private:
  template <class Tell>
  void tell(Tell what) {
    for (const auto& c : watch_) what(*c);
  }
  const checkers& watch_;
  caller who_;
};

// A batch that has only begun: it is written for a while, and may have to wait for another one.
struct begun_batch {
  const engine::commit_request* request = nullptr;
  std::shared_ptr<const engine::batch_gate> before;  // null: it waits for none
};

// With two writers a commit is no single instant. Throws begun_batch at the first call of a request; the call
// that comes after it does the work.
class slow_session final : public testing::faulty_session {
 public:
  explicit slow_session(engine::session& inner)
      : faulty_session(inner, [](const char*) { return testing::fault::none; }) {}
  bool begins = false;

  engine::commit_result commit(engine::commit_request& request) override {
    if (!begins) return faulty_session::commit(request);
    const auto* gate = request.gate.target<engine::after_batch>();
    throw begun_batch{&request, gate == nullptr ? nullptr : gate->first};
  }
};

class store_gate final : public engine::store_port {
 public:
  store_gate(world& w, testing::memory_store& store, const boost::asio::any_io_executor& on, const options& o,
             const weather& now, scene& s, const checkers& watch, caller who);
  void set_wall_clock(std::int64_t off_us) { wall_off_us_ = off_us; }

  boost::asio::awaitable<void> execute(engine::turn, std::function<void(engine::session&)> work) override;
  // The more is under way, the longer.
  [[nodiscard]] std::int64_t waits_us() const override { return 2'000 * under_way_; }
  // Requests that have not arrived yet.
  [[nodiscard]] int under_way() const noexcept { return under_way_; }

 private:
  struct request {
    store_gate* gate = nullptr;  // null: the host is gone, and the request with it
    std::function<void(engine::session&)>* work = nullptr;
    engine::event* wake = nullptr;
    const void* of = nullptr;  // of a run: where its name of the tenant is, which no other attempt shares
    std::exception_ptr failed;
    bool answered = false;
    begun_batch writes;  // a commit that is under way in the store
    std::int64_t waited = 0;
  };
  testing::fault draw(const char* call);
  [[nodiscard]] std::int64_t travel_us();
  void arrive(const std::shared_ptr<request>& r);
  void begin(const std::shared_ptr<request>& r, const begun_batch& b);
  void go_on(const std::shared_ptr<request>& r);
  void answer(const std::shared_ptr<request>& r, const std::string& how);
  void end(const request& r) const;
  void refuse_half_done(const engine::failure& f);

  world& world_;
  testing::memory_store& store_;
  boost::asio::any_io_executor executor_;
  const options& options_;
  const weather& weather_;
  scene& scene_;
  const checkers& watch_;
  caller who_;
  std::unique_ptr<engine::session> inner_;
  watched_session watched_;
  testing::faulty_session session_;
  slow_session slow_;
  int under_way_ = 0;
  const char* call_ = "";
  bool lost_answer_ = false;
  std::int64_t changes_before_ = 0, wall_off_us_ = 0;
};

}  // namespace sluice::sim

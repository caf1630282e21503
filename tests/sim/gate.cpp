#include "gate.hpp"

#include <algorithm>

namespace sluice::sim {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

store_gate::store_gate(world& w, testing::memory_store& store, const boost::asio::any_io_executor& on,
                       const options& o, const weather& now, scene& s, const checkers& watch, caller who)
    : world_(w),
      store_(store),
      executor_(on),
      options_(o),
      weather_(now),
      scene_(s),
      watch_(watch),
      who_(who),
      inner_(store.open_session()),
      watched_(*inner_, watch, who),
      session_(watched_, [this](const char* call) { return draw(call); }),
      slow_(session_) {}

std::int64_t store_gate::travel_us() {
  if (weather_.faults && world_.chance(options_.store.late)) return world_.between(20'000'000, 100'000'000);
  return world_.between(100, options_.store.delay_us);
}

testing::fault store_gate::draw(const char* call) {
  call_ = call;
  lost_answer_ = false;
  changes_before_ = store_.changes();
  if (!weather_.faults) return testing::fault::none;
  if (world_.chance(options_.store.before)) return testing::fault::before;
  if (!world_.chance(options_.store.after)) return testing::fault::none;
  lost_answer_ = true;
  return testing::fault::after;
}

// What fails has no effect, but where only the answer is lost.
void store_gate::refuse_half_done(const failure& f) {
  if (store_.changes() == changes_before_ || lost_answer_ || !scene_.broken.empty()) return;
  scene_.broken =
      "atomic: " + std::string(call_) + " has failed and yet changed what is stored: " + f.message();
}

void store_gate::arrive(const std::shared_ptr<request>& r) {
  call_ = "look";
  slow_.begins = options_.engine.batch.writers > 1 && r->writes.request == nullptr;
  if (host_clock_at_store) host_clock_at_store(wall_off_us_);
  std::string how = " ok";
  store_.hooks.before_commit = [this] {
    if (world_.now_us() < weather_.disk_full_until_us) {
      throw failure(failure_class::transient, "SLU-5011", "the disk is full");
    }
    if (weather_.faults && world_.chance(options_.store.rollback)) {
      if (std::string_view(call_) == "commit" && world_.chance(0.5)) {
        throw failure(failure_class::in_doubt, "SLU-5013", "the connection was lost, and nothing was done");
      }
      throw failure(failure_class::transient, "SLU-5010", "deadlock: rolled back");
    }
  };
  try {
    (*r->work)(slow_);
  } catch (const begun_batch& b) {
    store_.hooks.before_commit = {};
    return begin(r, b);
  } catch (const failure& f) {
    r->failed = std::current_exception();
    how = " " + f.code() + " " + f.message();
    refuse_half_done(f);
  }
  store_.hooks.before_commit = {};
  answer(r, call_ + how);
}

void store_gate::answer(const std::shared_ptr<request>& r, const std::string& how) {
  --under_way_;
  end(*r);
  r->writes = {};
  world_.note(how, who_.host);
  world_.after(travel_us(), [r] {
    r->answered = true;
    if (r->wake != nullptr) r->wake->notify();
  });
}

void store_gate::end(const request& r) const {
  if (r.writes.request == nullptr) return;
  for (const auto& c : watch_) c->over(r.writes.request);
}

void store_gate::begin(const std::shared_ptr<request>& r, const begun_batch& b) {
  r->writes = b;
  if (b.before != nullptr) ++scene_.overlaps;
  for (const auto& c : watch_) c->writing(r->of, *b.request);
  world_.note(b.before == nullptr ? "writes a batch" : "writes a batch beside another", who_.host);
  world_.after(travel_us(), [r] {
    if (r->gate != nullptr) r->gate->go_on(r);
  });
}

// At the gate its connection may be lost; and nobody opens it any more when the host is gone.
void store_gate::go_on(const std::shared_ptr<request>& r) {
  if (r->writes.before == nullptr || r->writes.before->known()) return arrive(r);
  const bool lives = scene_.alive({{}, {}, who_.process, who_.process});
  if (!lives || (weather_.faults && r->waited == 0 && world_.chance(options_.store.before))) {
    r->failed = std::make_exception_ptr(
        failure(failure_class::transient, "SLU-5010", "the connection was lost at the gate"));
    return answer(r, "lost at the gate");
  }
  r->waited = std::min<std::int64_t>(2 * r->waited + world_.between(100, 2'000), 1'000'000);
  world_.after(r->waited, [r] {
    if (r->gate != nullptr) r->gate->go_on(r);
  });
}

awaitable<void> store_gate::execute(engine::turn of, std::function<void(engine::session&)> work) {
  // The coroutine may be destroyed while it waits: then nothing of it may be touched any more.
  struct guard {
    explicit guard(std::shared_ptr<request> of) : r(std::move(of)) {}
    ~guard() {
      if (r->gate != nullptr) r->gate->end(*r);
      r->gate = nullptr;
      r->wake = nullptr;
    }
    std::shared_ptr<request> r;
  };
  engine::event wake(executor_);
  const guard mine(std::make_shared<request>());
  mine.r->gate = this;
  mine.r->work = &work;
  mine.r->of = of.tenant.data();
  mine.r->wake = &wake;
  ++under_way_;
  world_.after(travel_us(), [r = mine.r] {
    if (r->gate != nullptr) r->gate->arrive(r);
  });
  while (!mine.r->answered) co_await wake.wait();
  if (mine.r->failed) std::rethrow_exception(mine.r->failed);
}

}  // namespace sluice::sim

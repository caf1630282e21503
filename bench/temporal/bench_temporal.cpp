// The plugin's worker in front of a real server, with steps that do nothing: what the way through Temporal costs.
//   bench_temporal HOST:PORT RUNS IN_FLIGHT
// A run has three levels of two steps, the last of them background; go/main.go is the same for Temporal's SDK for Go.
// Prints {"seconds", "cpu", "essential_ms": [...], "done_ms": [...]}, both from the call that asks for a run.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <nlohmann/json.hpp>
#include <sluice/runs.hpp>
#include <sluice/testing/host.hpp>

#include "temporal/worker.hpp"

namespace {

using namespace sluice;
using std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

// When what of which run was over.
class clockwork {
 public:
  explicit clockwork(int in_flight) : places_(in_flight) {}

  void begin(const std::string& run) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return places_ > 0; });
    --places_;
    runs_[run] = {steady_clock::now(), 0};
  }
  // An activity that is tried again ends twice, which nothing here makes it do.
  void step_ended(const std::string& run, bool essential) {
    constexpr int all_essential = 4;
    const std::lock_guard lock(mutex_);
    one& r = runs_.at(run);
    if (essential && ++r.essential == all_essential) essential_.push_back(since(r));
  }
  void run_ended(const std::string& run) {
    const std::lock_guard lock(mutex_);
    done_.push_back(since(runs_.at(run)));
    runs_.erase(run);
    ++places_;
    changed_.notify_all();
  }
  void wait_until(int in_flight) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return places_ == in_flight; });
  }
  [[nodiscard]] nlohmann::json told() const { return {{"essential_ms", essential_}, {"done_ms", done_}}; }

 private:
  struct one {
    steady_clock::time_point begun;
    int essential = 0;
  };
  static double since(const one& r) { return milliseconds(steady_clock::now() - r.begun).count(); }

  std::mutex mutex_;
  std::condition_variable changed_;
  int places_;
  std::map<std::string, one> runs_;
  std::vector<double> essential_, done_;
};

clockwork* at_work = nullptr;  // the host's tables have no other way to it

std::string text(sluice_str s) { return std::string(detail::view(s)); }

void offer_runs(testkit::fake_host& host) {
  static constexpr sluice_steps_v1 steps{
      sizeof(sluice_steps_v1),
      [](const sluice_host*, sluice_str run, sluice_str step, sluice_step_progress, sluice_step_done done,
         void* data, sluice_error*) -> sluice_status {
        at_work->step_ended(text(run), text(step).find("background") == std::string::npos);
        done(data, SLUICE_STEP_ENDED, detail::str(R"({"state":"complete"})"));
        return SLUICE_OK;
      },
      [](const sluice_host*, sluice_str, sluice_error*) -> sluice_status { return SLUICE_OK; }};
  static constexpr sluice_runs_v1 runs{
      sizeof(sluice_runs_v1), [](const sluice_host*) { return detail::str("bench"); },
      [](const sluice_host*, sluice_str, sluice_run_told told, void* data, sluice_error*) -> sluice_status {
        told(data, detail::str(R"({"state":"running"})"));
        return SLUICE_OK;
      },
      [](const sluice_host*, sluice_str, sluice_error*) -> sluice_status { return SLUICE_OK; },
      [](const sluice_host*, sluice_str run, sluice_run_told told, void* data,
         sluice_error*) -> sluice_status {
        at_work->run_ended(text(run));
        told(data, detail::str(R"({"state":"succeeded"})"));
        return SLUICE_OK;
      }};
  host.offer(SLUICE_STEPS_1, &steps);
  host.offer(SLUICE_RUNS_1, &runs);
}

std::string plan(const std::string& run) {
  const auto step = [](const char* name, const char* phase, std::vector<std::string> after) {
    return nlohmann::json{{"name", name}, {"phase", phase}, {"after", std::move(after)}};
  };
  return nlohmann::json{
      {"run_id", run},
      {"tenant", "acme"},
      {"pipeline", "bench"},
      {"steps",
       {step("one", "essential", {}), step("two", "essential", {}),
        step("three", "essential", {"one", "two"}), step("four", "essential", {"one", "two"}),
        step("background-one", "background", {"three", "four"}),
        step("background-two", "background", {"three", "four"})}}}
      .dump();
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

nlohmann::json measure(const std::string& address, int count, int in_flight) {
  testkit::fake_host host;
  offer_runs(host);
  durable::settings to;
  to.address = address;
  to.name_space = "default";
  to.task_queue = "sluice";
  clockwork warm(in_flight), timed(in_flight);
  const std::string prefix = std::to_string(steady_clock::now().time_since_epoch().count()) + "-";
  durable::worker worker(host_ref(host.raw()), to, durable::make_grpc_transport(to, ""));
  const auto run = [&](clockwork& on, int runs, const std::string& name) {
    at_work = &on;
    for (int n = 0; n < runs; ++n) {
      const std::string id = name + prefix + std::to_string(n);
      on.begin(id);
      worker.start(id, plan(id));
    }
    on.wait_until(in_flight);
  };
  run(warm, in_flight + 2, "warm-");
  const auto begun = steady_clock::now();
  const double cpu = cpu_seconds();
  run(timed, count, "run-");
  nlohmann::json out = timed.told();
  out["cpu"] = cpu_seconds() - cpu;
  out["seconds"] = milliseconds(steady_clock::now() - begun).count() / 1000;
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "bench_temporal HOST:PORT RUNS IN_FLIGHT\n");
    return 2;
  }
  try {
    std::printf("%s\n", measure(argv[1], std::atoi(argv[2]), std::atoi(argv[3])).dump().c_str());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_temporal: %s\n", e.what());
    return 1;
  }
}

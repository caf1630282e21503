// A host that is already at work: one process, one pipeline, one run after the other, each of another tenant.
//   bench_warm PLUGINS MANIFEST TENANT...
// The runs of the first tenant warm it up and are not told. Prints the milliseconds of each other run, from the
// call that asks for it to the answer that it has ended, as a JSON list.
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <unistd.h>

#include "host/catalog_adapter.hpp"
#include "host/open.hpp"
#include "host/runtime.hpp"
#include "manifest/check.hpp"
#include "observe/log.hpp"

namespace {

using namespace sluice;

class one_host {
 public:
  one_host(const std::string& plugins, const std::string& manifest)
      : catalog_(plugin::catalog::scan({plugins})),
        pipeline_(load(manifest)),
        log_(observe::log_options{observe::log_level::warn, STDERR_FILENO}, redactor_),
        secrets_(pipeline_.tenants, redactor_),
        loader_(catalog_, std::nullopt),
        store_(host::open_writable(host::store_options_of(pipeline_, secrets_))),
        runtime_({pipeline_, catalog_, loader_, log_, secrets_, *store_}) {}

  double run(const std::string& tenant) {
    const auto begun = std::chrono::steady_clock::now();
    host::run_ask ask;
    ask.tenant = tenant;
    const auto answer = runtime_.start(ask);
    const auto row = runtime_.wait(answer.run_id, [] { return false; });
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begun;
    if (row->state != engine::run_state::succeeded)
      throw engine::failure(engine::failure_class::invalid, row->error_code,
                            "the run of " + tenant + " did not succeed: " + row->error);
    return took.count();
  }

 private:
  manifest::pipeline load(const std::string& file) {
    auto checked =
        manifest::check_file(file, host::catalog_adapter(catalog_), manifest::process_environment());
    if (!checked.pipeline)
      throw engine::failure(engine::failure_class::invalid, "", manifest::render_text(checked.diagnostics));
    return std::move(*checked.pipeline);
  }

  plugin::catalog catalog_;
  manifest::pipeline pipeline_;
  observe::redactor redactor_;
  observe::logger log_;
  host::secret_store secrets_;
  plugin::loader loader_;
  std::unique_ptr<store::store> store_;
  host::runtime runtime_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "bench_warm PLUGINS MANIFEST TENANT...\n");
    return 2;
  }
  try {
    one_host host(argv[1], argv[2]);
    for (int again = 0; again < 3; ++again) static_cast<void>(host.run(argv[3]));
    for (int i = 4; i < argc; ++i) std::printf("%s%.1f", i == 4 ? "[" : ", ", host.run(argv[i]));
    std::printf("]\n");
  } catch (const engine::failure& f) {
    std::fprintf(stderr, "bench_warm: %s %s\n", f.code().c_str(), f.message().c_str());
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_warm: %s\n", e.what());
    return 1;
  }
}

// `sluice runs watch`: a run of any process or host, as the store sees it.
#include <cstdio>
#include <exception>
#include <map>
#include <memory>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "cli/look.hpp"
#include "cli/progress.hpp"
#include "host/ports.hpp"
#include "host/receipt.hpp"
#include "host/watch.hpp"

namespace sluice::cli {

namespace {

struct watch_options {
  std::string pipeline, run_id;
};

engine::progress progress_of(const engine::stage_row& s) {
  engine::progress p{s.stage, s.pages, s.records.records, s.items_open, s.items_done, {}};
  for (const auto& [stream, counts] : s.streams) p.rows += counts;
  return p;
}

// Tells what has changed since the last look: states in words, stages as bars or lines of the log.
class teller {
 public:
  explicit teller(app& a) : app_(a), view_(on_terminal(), a.log()) {}

  void look(const engine::run_row& run) {
    if (run.state != state_ || first_) {
      app_.say(observe::log_level::info,
               {.correlation_id = run.correlation_id, .tenant = run.tenant, .run_id = run.run_id},
               "run " + run.run_id + " is " + std::string(engine::to_string(run.state)));
    }
    first_ = false;
    state_ = run.state;
    for (const engine::stage_row& s : run.stages) {
      auto& [state, pages] = seen_[s.stage];
      if (state == s.state && pages == s.pages) continue;
      state = s.state;
      pages = s.pages;
      view_.update(progress_of(s));
    }
  }
  void finish() { view_.finish(); }

 private:
  app& app_;
  progress_view view_;
  bool first_ = true;
  engine::run_state state_ = engine::run_state::queued;
  std::map<std::string, std::pair<engine::stage_state, std::int64_t>> seen_;
};

int watch(app& a, const watch_options& o, store::store& store) {
  teller view(a);
  host::watch_ask ask;
  ask.run_id = o.run_id;
  ask.open = [&] { return store.open_session(); };
  ask.on_change = [&](const engine::run_row& run) { view.look(run); };
  host::system_clock clock(store.open_session()->now_us());
  engine::stop_source never;
  boost::asio::io_context context;
  std::exception_ptr failed;
  engine::run_row run;
  boost::asio::co_spawn(context, host::watch_run(ask, clock, never),
                        [&](std::exception_ptr error, engine::run_row last) {
                          failed = std::move(error);
                          run = std::move(last);
                        });
  context.run();
  view.finish();
  if (failed) std::rethrow_exception(failed);
  if (a.options().json) std::printf("%s\n", host::receipt_json(run).dump(2).c_str());
  else std::printf("%s", host::receipt_text(run, o.pipeline).c_str());
  return host::exit_code(run.state);
}

}  // namespace

int watch_run(app& a, const std::string& manifest, const std::string& run_id) {
  return look_into(a, manifest, [&](store::store& s) { return watch(a, {manifest, run_id}, s); });
}

void add_watch(CLI::App& runs, common_options& options, int& result) {
  const auto o = std::make_shared<watch_options>();
  CLI::App* c =
      runs.add_subcommand("watch", "Follow a run of any process to its end; its receipt at the end");
  c->add_option("RUN", o->run_id, "The run, as `runs list` has it")->required();
  c->add_option("--pipeline", o->pipeline, "The manifest that says which store")
      ->required()
      ->type_name("FILE");
  c->callback([&options, &result, o] {
    result = guarded(options, [&](app& a) { return watch_run(a, o->pipeline, o->run_id); });
  });
}

}  // namespace sluice::cli

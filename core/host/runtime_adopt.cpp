// Runs that a backend brings to this host: begun by another one, and sequenced from outside of all hosts.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "host/run_parts.hpp"
#include "host/runtime.hpp"

namespace sluice::host {

using engine::failure;
using how = engine::run_lease::how;
using plugin::status;

namespace {

plugin::error no_such_run(const std::string& run_id, const std::string& pipeline) {
  return {status::not_found, "SLU-6026",
          "no run " + run_id + " of pipeline " + pipeline + " is in this store"};
}

plugin::error held(const std::string& run_id, const engine::holder& by) {
  return {status::transient, "SLU-6084",
          "run " + run_id + " is at work in process " + std::to_string(by.pid) + " on " + by.host +
              "; it is asked for again until that one has done it, or is gone"};
}

}  // namespace

const std::string& runtime::pipeline_name() const noexcept { return setup_.pipeline.name; }

std::string runtime::adopt(std::string_view run_id) { return adopt_by(run_id, {}); }

std::string runtime::adopt_by(std::string_view run_id, const std::string& backend) {
  try {
    return take(std::string(run_id), backend);
  } catch (const failure& f) {
    throw plugin::error(f.retryable() ? status::transient : status::invalid, f.code(), f.message());
  }
}

std::string runtime::take(const std::string& run_id, const std::string& by) {
  if (const auto active = find(run_id)) {
    const std::lock_guard lock(mutex_);
    if (!active->over) return "running";
    if (!active->ended && is_fenced(active->failed)) {
      throw plugin::error(status::transient, "SLU-6084",
                          "this host has lost run " + run_id + " and is still leaving it");
    }
  }
  const auto row = ask_once([&](engine::session& s) { return s.show_run(run_id); });
  if (!row || row->pipeline != setup_.pipeline.name) throw no_such_run(run_id, setup_.pipeline.name);
  if (engine::is_terminal(row->state)) return std::string(engine::to_string(row->state));
  if (!by.empty() && row->backend != by) {
    throw plugin::error(status::not_found, "SLU-6026",
                        "run " + run_id + " is with backend `" + row->backend + "` by now");
  }
  run_ask ask{row->tenant};
  ask.adopted = true;
  ask.urgency = engine::urgency::background;
  ask.unless_since_us = 1;  // if it has ended meanwhile, nothing is begun
  ask.subject = subject_of(row->scope);
  ask.part = ask.subject.empty() ? run_part::whole : run_part::subject;
  const run_answer answer = start(ask);
  if (answer.how == how::joined) throw held(run_id, answer.held_by);
  if (answer.how == how::took_over && answer.run_id == run_id) return "running";
  throw plugin::error(status::transient, "SLU-6084", "run " + run_id + " has ended just now");
}

void runtime::stop_run(std::string_view run_id) {
  const auto active = find(run_id);
  if (active == nullptr) throw no_such_run(std::string(run_id), setup_.pipeline.name);
  boost::asio::post(context_, [run = active->run] { run->cancel(); });
}

void runtime::finish_run(std::string_view run_id, told on_end) {
  const auto active = find(run_id);
  if (active == nullptr) throw no_such_run(std::string(run_id), setup_.pipeline.name);
  boost::asio::co_spawn(context_, drive_end(active, std::move(on_end)), boost::asio::detached);
}

}  // namespace sluice::host

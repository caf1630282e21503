// The steps that a backend asks for, and how a run ends here or elsewhere.
#include <map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "engine/failpoint.hpp"
#include "host/runtime.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;

namespace {

// What keeps a run from being called succeeded, where it is no error.
void add_why_partial(const engine::run_row& row, nlohmann::json& fields) {
  std::map<std::string, std::int64_t> n;
  for (const engine::stage_row& s : row.stages) {
    n["rejected_records"] += s.records.rejected;
    for (const auto& [stream, counts] : s.streams) {
      n["rejected_rows"] += counts.rejected;
      n["deferred_rows"] += counts.waiting();
    }
  }
  for (const auto& [what, count] : n) {
    if (count != 0) fields[what] = count;
  }
}

}  // namespace

void runtime::over(const std::shared_ptr<active_run>& active, std::optional<failure> failed) {
  std::shared_ptr<admission::place> place;  // given back without the lock: the next run begins with it
  {
    const std::lock_guard lock(mutex_);
    const auto open = open_here_.find({active->run->identity().tenant, active->scope});
    if (!std::exchange(active->over, true)) open_here_.erase(open);
    active->over_us = clock_.steady_us();
    if (!is_fenced(failed)) foreign_.erase(active->run->identity().run_id);
    active->failed = std::move(failed);
    place = std::move(active->place);
  }
  tell_change(active->run->identity().run_id);
}

void runtime::tell_change(const std::string& run_id) {
  changed_.notify_all();
  if (setup_.shared != nullptr && setup_.shared->on_change) setup_.shared->on_change(run_id);
}

void runtime::run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                       plugin::step_done done) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  std::string step = nlohmann::json::parse(step_json).at("name").get<std::string>();
  {
    const std::lock_guard lock(mutex_);
    ++active->steps;
  }
  boost::asio::co_spawn(context_, drive_step(active, std::move(step), std::move(progress), std::move(done)),
                        boost::asio::detached);
}

awaitable<void> runtime::drive_step(std::shared_ptr<active_run> active, std::string step,
                                    plugin::step_progress progress, plugin::step_done done) {
  auto outcome = engine::step_outcome::cancelled;
  nlohmann::json result = nlohmann::json::object();
  try {
    outcome = co_await active->run->run_step(step, [&](const engine::progress& p) {
      if (active->on_progress) active->on_progress(p);
      if (progress)
        progress(nlohmann::json{{"stage", p.stage}, {"pages", p.pages}, {"rows", p.rows.rows}}.dump());
    });
  } catch (...) {
    active->run->cancel();
    result["error"] = engine::current_failure().message();
  }
  if (outcome == engine::step_outcome::fenced) over(active, *active->run->stopped().why());
  const auto why = active->run->stopped().why();
  result["state"] = outcome == engine::step_outcome::ended ? "ended"
                    : why && leaves_open(*why)             ? "left"
                                                           : "stopped";
  done(static_cast<plugin::step_outcome>(outcome), result.dump());
  step_over(active);
}

void runtime::step_over(const std::shared_ptr<active_run>& active) {
  {
    const std::lock_guard lock(mutex_);
    if (--active->steps > 0 || !elsewhere(active)) return;
    active->ended = true;
  }
  active->run->leave();
  changed_.notify_all();
}

void runtime::run_ended(std::string_view run_id) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  boost::asio::co_spawn(context_, drive_end(active), boost::asio::detached);
}

awaitable<void> runtime::drive_end(std::shared_ptr<active_run> active, told on_end) {
  std::optional<failure> failed;
  nlohmann::json result{{"state", "open"}};
  std::optional<engine::run_row> row;
  try {
    SLUICE_FAILPOINT("host.before_finish");
    const engine::run_state state = co_await active->run->finish();
    result["state"] = engine::to_string(state);
    SLUICE_FAILPOINT("host.after_finish");
    if (!active->tells_end) row = co_await tell_end(*active, state);
  } catch (...) {
    failed = engine::current_failure();
    if (result.at("state") == "open") result["error"] = failed->message();
    const engine::run_identity& id = active->run->identity();
    setup_.log.write(observe::log_level::error,
                     {.correlation_id = id.correlation_id,
                      .tenant = id.tenant,
                      .run_id = id.run_id,
                      .code = failed->code()},
                     failed->message());
  }
  {
    const std::lock_guard lock(mutex_);
    active->ended = true;
    active->row = std::move(row);
  }
  over(active, std::move(failed));
  if (on_end) on_end(result.dump());
}

awaitable<std::optional<engine::run_row>> runtime::tell_end(const active_run& active,
                                                            engine::run_state state) {
  const std::string id = active.run->identity().run_id;
  // All that there is to say of most runs is known without asking for it.
  if (state == engine::run_state::succeeded && active.made_us != 0) {
    log_end({.run_id = id,
             .tenant = active.run->identity().tenant,
             .correlation_id = active.run->identity().correlation_id,
             .state = state,
             .created_us = active.made_us,
             .ended_us = clock_.now_us()});
    co_return std::nullopt;
  }
  // Once more, since a connection may have been lost unnoticed while nothing was asked of it.
  for (const bool last : {false, true}) {
    try {
      auto row = co_await store_.call(engine::urgency::background,
                                      [&id](engine::session& s) { return s.show_run(id); });
      if (row) log_end(*row);
      co_return row;
    } catch (const failure& f) {
      if (last) setup_.log.write(observe::log_level::warn, {.run_id = id, .code = f.code()}, f.message());
    }
  }
  co_return std::nullopt;
}

void runtime::log_end(const engine::run_row& row) {
  nlohmann::json fields{{"state", engine::to_string(row.state)},
                        {"duration_ms", (row.ended_us - row.created_us) / 1000}};
  if (!row.error.empty()) fields["error"] = row.error;
  if (row.state == engine::run_state::partial) add_why_partial(row, fields);
  const bool good = row.state == engine::run_state::succeeded;
  setup_.log.write_json(good ? observe::log_level::info : observe::log_level::warn,
                        {.correlation_id = row.correlation_id,
                         .tenant = row.tenant,
                         .run_id = row.run_id,
                         .code = row.error_code},
                        "run ended", fields.dump());
}

}  // namespace sluice::host

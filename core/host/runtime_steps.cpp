// The steps that a backend asks for, and how a run ends here or elsewhere.
#include <chrono>
#include <map>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>

#include "host/runtime.hpp"

namespace sluice::host {

using boost::asio::awaitable;
using engine::failure;
using engine::failure_class;

namespace {

// What keeps a run from being called succeeded, where it is no error.
void add_why_partial(const engine::run_row& row, nlohmann::json& fields) {
  std::map<std::string, std::int64_t> n;
  for (const engine::stage_row& s : row.stages) {
    n["rejected_records"] += s.records.rejected;
    for (const auto& [stream, counts] : s.streams) {
      n["rejected_rows"] += counts.rejected;
      n["deferred_rows"] += counts.deferred;
    }
  }
  for (const auto& [what, count] : n) {
    if (count != 0) fields[what] = count;
  }
}

bool is_fenced(const std::optional<failure>& f) { return f && f->kind() == failure_class::fenced; }

}  // namespace

void runtime::over(const std::shared_ptr<active_run>& active, std::optional<failure> failed) {
  {
    const std::lock_guard lock(mutex_);
    active->over = true;
    active->failed = std::move(failed);
  }
  changed_.notify_all();
}

std::optional<engine::run_row> runtime::wait(const std::string& run_id,
                                             const std::function<bool()>& give_up) {
  // The end of a run of this process is told; that of another host's is asked for.
  constexpr auto look_again = std::chrono::milliseconds(100);
  const auto active = find(run_id);
  for (;;) {
    bool ask_store = true;
    {
      std::unique_lock lock(mutex_);
      if (active == nullptr || (active->over && is_fenced(active->failed))) {
        changed_.wait_for(lock, look_again);
      } else {
        ask_store = changed_.wait_for(lock, look_again, [&] { return active->over; });
        if (active->failed && !is_fenced(active->failed)) throw failure(*active->failed);
      }
    }
    if (ask_store) {
      const std::lock_guard lock(session_mutex_);
      auto row = session_->show_run(run_id);
      if (row && engine::is_terminal(row->state)) return row;
    }
    // Without a lock: whoever is asked may cancel the run.
    if (give_up()) return std::nullopt;
  }
}

void runtime::run_step(std::string_view run_id, std::string_view step_json, plugin::step_progress progress,
                       plugin::step_done done) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  std::string step = nlohmann::json::parse(step_json).at("name").get<std::string>();
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
  result["state"] = outcome == engine::step_outcome::ended ? "ended" : "stopped";
  done(static_cast<plugin::step_outcome>(outcome), result.dump());
}

void runtime::run_ended(std::string_view run_id) {
  const auto active = find(run_id);
  if (active == nullptr) {
    throw plugin::error(plugin::status::not_found, "SLU-6026",
                        "no run " + std::string(run_id) + " is under way here");
  }
  boost::asio::co_spawn(context_, drive_end(active), boost::asio::detached);
}

awaitable<void> runtime::drive_end(std::shared_ptr<active_run> active) {
  std::optional<failure> failed;
  try {
    co_await active->run->finish();
    const std::string id = active->run->identity().run_id;
    const auto row = co_await store_.call(engine::urgency::background,
                                          [&id](engine::session& s) { return s.show_run(id); });
    if (row && !active->tells_end) log_end(*row);
  } catch (...) {
    failed = engine::current_failure();
    const engine::run_identity& id = active->run->identity();
    setup_.log.write(observe::log_level::error,
                     {.correlation_id = id.correlation_id,
                      .tenant = id.tenant,
                      .run_id = id.run_id,
                      .code = failed->code()},
                     failed->message());
  }
  over(active, std::move(failed));
}

void runtime::log_end(const engine::run_row& row) {
  for (const engine::stage_row& s : row.stages) {
    if (s.state != engine::stage_state::failed) continue;
    setup_.log.write(observe::log_level::error,
                     {.correlation_id = row.correlation_id,
                      .tenant = row.tenant,
                      .run_id = row.run_id,
                      .code = s.error_code},
                     s.error, {{"stage", s.stage}, {"pages", s.pages}});
  }
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

// Looking at runs, and what can be done with one.
#include "host/cancel.hpp"
#include "host/receipt.hpp"
#include "host/retry.hpp"
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;
using boost::asio::awaitable;

// The list knows runs alone; their stages and counts are what one run is asked for.
json in_list(const engine::run_row& row) {
  json out = host::receipt_json(row);
  out.erase("stages");
  out.erase("streams");
  return out;
}

struct list_ask {
  engine::run_filter filter;
  std::string backend, pipeline;
};

bool is_wanted(const list_ask& ask, const engine::run_row& row) {
  return (ask.backend.empty() || ask.backend == row.backend) &&
         (ask.pipeline.empty() || ask.pipeline == row.pipeline);
}

// The store filters by tenant and state; the rest is left out here, and a page ends when enough has been looked at.
json list(engine::session& s, list_ask ask) {
  constexpr int at_once = 500, most_looks = 10;
  const auto limit = static_cast<std::size_t>(ask.filter.limit);
  const bool narrowed = !ask.backend.empty() || !ask.pipeline.empty();
  ask.filter.limit = narrowed ? at_once : ask.filter.limit + 1;
  json runs = json::array(), next = nullptr;
  for (int looks = 0; looks < most_looks; ++looks) {
    const auto rows = s.list_runs(ask.filter);
    for (const engine::run_row& row : rows) {
      if (runs.size() == limit) return {{"runs", runs}, {"next_cursor", ask.filter.before_run_id}};
      ask.filter.before_run_id = row.run_id;
      if (is_wanted(ask, row)) runs.push_back(in_list(row));
    }
    if (rows.size() < static_cast<std::size_t>(ask.filter.limit))
      return {{"runs", runs}, {"next_cursor", nullptr}};
    next = ask.filter.before_run_id;
  }
  return {{"runs", runs}, {"next_cursor", next}};
}

engine::run_row find(engine::session& s, const std::string& run_id) {
  try {
    return host::find_run(s, run_id);
  } catch (const engine::failure& f) {
    if (f.code() != "SLU-7012") throw;
    throw no_such_run(run_id);
  }
}

}  // namespace

awaitable<answer> api::list_runs(const call& c) {
  const list_ask ask{{c.value("tenant"), c.value("state"), c.value("cursor"), c.limit()},
                     c.value("backend"),
                     c.value("pipeline")};
  std::function<json(engine::session&)> what = [ask](engine::session& s) {
    const engine::run_filter& by = ask.filter;
    // Older than a run that retention has removed there is nothing either.
    const bool other =
        !by.before_run_id.empty() && find(s, by.before_run_id).tenant != by.tenant && !by.tenant.empty();
    if (other) throw no_such_run(by.before_run_id);
    return list(s, ask);
  };
  const desk::reply got = co_await look(ask.filter.tenant, {}, std::move(what));
  co_return json_answer(200, *got);
}

awaitable<desk::reply> api::receipt_of(std::string run_id) {
  std::function<json(engine::session&)> what = [run_id](engine::session& s) {
    return host::receipt_json(find(s, run_id));
  };
  co_return co_await look({}, "run:" + run_id, std::move(what));
}

awaitable<desk::reply> api::run_there_is(const call& c) {
  co_return co_await receipt_of(c.path.at("run_id"));
}

awaitable<answer> api::show_run(const call& c) {
  const desk::reply got = co_await run_there_is(c);
  co_return json_answer(200, *got);
}

awaitable<answer> api::cancel_run(const call& c) {
  const std::string id = c.path.at("run_id");
  const auto served = setup_.service.pipelines();
  std::function<json(engine::session&)> what = [id, served](engine::session& s) -> json {
    const engine::run_row run = find(s, id);
    if (engine::is_terminal(run.state)) return {{"how", "ended"}, {"run", host::receipt_json(run)}};
    for (const host::served_pipeline& p : served) {
      if (!p.engine->has(id)) continue;
      p.engine->cancel(id);
      return {{"how", "asked"}, {"run", host::receipt_json(find(s, id))}};
    }
    const host::cancel_answer got = host::cancel_run(s, id);
    const char* const words[] = {"asked", "cancelled", "ended"};
    return {{"how", words[static_cast<int>(got.result)]}, {"run", host::receipt_json(got.run)}};
  };
  const desk::reply got = co_await look({}, {}, std::move(what));
  if (got->at("how") == "ended") {
    throw refusal(409, code::run_over,
                  "run " + id + " is over: " + got->at("run").at("state").get<std::string>());
  }
  co_return json_answer(got->at("how") == "asked" ? 202 : 200, got->at("run"));
}

awaitable<answer> api::retry_run(const call& c) {
  const std::string id = c.path.at("run_id");
  const bool all = c.body.value("all", false);
  const std::string correlation_id = c.from.correlation_id;
  const desk::reply run = co_await run_there_is(c);
  const host::served_pipeline at = pipeline_named(run->at("pipeline"));
  at.engine->check_room(host::run_ask{run->at("tenant").get<std::string>()});
  std::function<json(engine::session&)> what = [=](engine::session& s) -> json {
    host::run_ask ask = host::retry_ask(*at.pipeline, s, find(s, id), all);
    ask.correlation_id = correlation_id;
    const host::run_answer started = at.engine->start(ask);
    return host::receipt_json(find(s, started.run_id));
  };
  // g++ 12 destroys twice what is converted inside of a co_await.
  const std::string tenant = run->at("tenant");
  const desk::reply got = co_await look(tenant, {}, std::move(what), desk::errand::begin);
  answer out = json_answer(202, *got);
  out.headers.emplace_back("Location", "/api/sync/runs/" + got->at("run_id").get<std::string>());
  co_return out;
}

awaitable<answer> api::approve_run(const call& c) {
  const std::string id = c.path.at("run_id");
  std::function<json(engine::session&)> what = [id](engine::session& s) {
    static_cast<void>(find(s, id));
    static_cast<void>(s.approve(id));
    return host::receipt_json(find(s, id));
  };
  const desk::reply got = co_await look({}, {}, std::move(what));
  co_return json_answer(200, *got);
}

}  // namespace sluice::server

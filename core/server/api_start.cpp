// POST /api/sync/tenants/{tenant}/runs: starts or joins what a sign-in needs, and waits for what is essential of it.
// Nobody who waits has a thread: the runs of this host tell when something is over, those of others are looked at.
#include <algorithm>
#include <charconv>

#include "host/receipt.hpp"
#include "host/route.hpp"
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

using json = nlohmann::json;

// Without the names of others, which the host's own message has.
void require_tenant(const manifest::pipeline& pipeline, const std::string& tenant) {
  try {
    host::check_tenant(pipeline, tenant);
  } catch (const engine::failure& f) {
    throw refusal(404, f.code(), "there is no tenant `" + tenant + "`");
  }
}

json how_json(const host::run_answer& a) {
  return {{"run_id", a.run_id}, {"joined", a.how != engine::run_lease::how::started}};
}

json put_off_json(const engine::failure& why) {
  return {{"code", why.code()},
          {"detail", why.message()},
          {"retry_after", (why.retry_after_us() + 999'999) / 1'000'000}};
}

json start(const host::served_pipeline& at, const host::run_ask& ask) {
  if (ask.subject.empty()) return {{"tenant", how_json(at.engine->start(ask))}};
  const host::sign_in_answer both = at.engine->sign_in(ask);
  json out{{"subject", how_json(both.subject)}};
  if (both.tenant) out["tenant"] = how_json(*both.tenant);
  if (both.put_off) out["put_off"] = put_off_json(*both.put_off);
  return out;
}

std::vector<std::string> ids_of(const json& started) {
  std::vector<std::string> out;
  for (const char* part : {"subject", "tenant"}) {
    if (started.contains(part)) out.push_back(started[part]["run_id"]);
  }
  return out;
}

// Each run as it stands in the store now.
json states_of(host::runtime& engine, const json& started) {
  json out{{"essential_over", true}};
  for (const auto& [part, run] : started.items()) {
    if (part == "put_off") {
      out[part] = run;
      continue;
    }
    json state = engine.state_of(run["run_id"]);
    if (!state["essential"]["over"].get<bool>()) out["essential_over"] = false;
    out[part] = std::move(state);
  }
  return out;
}

}  // namespace

std::chrono::seconds wanted_wait(const std::string& prefer) {
  constexpr int most = 60;
  const std::size_t at = prefer.find("wait=");
  if (at == std::string::npos || (at > 0 && prefer[at - 1] != ' ' && prefer[at - 1] != ',')) return {};
  int seconds = 0;
  const char* const from = prefer.data() + at + 5;
  const auto [end, error] = std::from_chars(from, prefer.data() + prefer.size(), seconds);
  if (error == std::errc::result_out_of_range) return std::chrono::seconds(most);
  if (error != std::errc() || seconds < 0) return {};  // RFC 7240: what isn't understood is not there
  return std::chrono::seconds(std::min(seconds, most));
}

boost::asio::awaitable<bool> api::is_over_elsewhere(std::string run_id) {
  std::function<json(engine::session&)> what = [run_id](engine::session& s) {
    const auto row = s.show_run(run_id);
    return json(!row || host::essential_of(*row).over);
  };
  desk::question question = [this, what = std::move(what)] { return sessions_.with(what); };
  const desk::reply over =
      co_await desk_.ask(engine::urgency::essential, "essential:" + run_id, std::move(question));
  co_return over->get<bool>();
}

boost::asio::awaitable<bool> api::wait_for_essential(host::served_pipeline at,
                                                     std::vector<std::string> run_ids,
                                                     run_signals::clock::time_point until) {
  using clock = run_signals::clock;
  constexpr auto look_again = std::chrono::milliseconds(200);
  if (const std::int64_t deadline_us = at.pipeline->essential.deadline_us; deadline_us > 0)
    until = std::min(until, clock::now() + std::chrono::microseconds(deadline_us));
  run_signals::listener news(setup_.signals, run_ids);
  for (;;) {
    bool far = false;
    for (auto id = run_ids.begin(); id != run_ids.end();) {
      host::run_standing now = at.engine->standing(*id);
      if (now == host::run_standing::elsewhere) {
        if (co_await is_over_elsewhere(*id)) now = host::run_standing::essential_over;
        else far = true;
      }
      id = now == host::run_standing::essential_over ? run_ids.erase(id) : std::next(id);
    }
    if (run_ids.empty()) co_return true;
    const clock::time_point now = clock::now();
    if (now >= until || setup_.signals.left()) co_return false;
    co_await news.next(far ? std::min<clock::time_point>(until, now + look_again) : until);
  }
}

boost::asio::awaitable<answer> api::start_run(const call& c) {
  const auto came = run_signals::clock::now();
  const host::served_pipeline at = pipeline_named(c.body.value("pipeline", ""));
  host::run_ask ask;
  ask.tenant = c.path.at("tenant");
  ask.subject = c.body.value("subject", "");
  ask.full = c.body.value("mode", "") == "full";
  ask.correlation_id = c.from.correlation_id;
  const std::chrono::seconds wait = wanted_wait(c.from.header("prefer"));
  ask.patience_us = std::chrono::microseconds(wait).count();
  require_tenant(*at.pipeline, ask.tenant);
  if (!ask.subject.empty()) host::check_subject(ask.subject);
  // Both before the desk: who is sent away learns it at once.
  ask.coming = desk_.coming();
  at.engine->check_room(ask);
  if (!at.engine->joins_here(ask)) check_desk(ask.tenant, ask.patience_us);
  // By the runtime too: after a reload the same name is another pipeline.
  const std::string same =
      json{reinterpret_cast<std::uintptr_t>(at.engine.get()), ask.tenant, ask.subject, ask.full}.dump();
  desk::question begin = [at, ask] { return start(at, ask); };
  const desk::reply started = co_await desk_.ask({engine::urgency::background, ask.tenant}, same,
                                                 std::move(begin), desk::errand::begin);
  if (wait.count() > 0) static_cast<void>(co_await wait_for_essential(at, ids_of(*started), came + wait));
  desk::question show = [at, started] { return states_of(*at.engine, *started); };
  // Who has been let in is done with before others are let in.
  const desk::reply state = co_await desk_.ask({engine::urgency::essential, ask.tenant},
                                               "state:" + started->dump(), std::move(show));
  answer out = json_answer(state->at("essential_over").get<bool>() ? 200 : 202, *state);
  if (wait.count() > 0)
    out.headers.emplace_back("Preference-Applied", "wait=" + std::to_string(wait.count()));
  if (out.status == 202) {
    out.headers.emplace_back("Location", "/api/sync/runs/" + ids_of(*started).front());
    out.headers.emplace_back("Retry-After", "1");
  }
  co_return out;
}

}  // namespace sluice::server

#include "host/alert_watch.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/failure.hpp"
#include "host/health_report.hpp"
#include "plugin/error.hpp"

namespace sluice::host {

using engine::failure;
using observe::log_level;

namespace {

constexpr int most_runs = 20'000;  // of a window: the newest
constexpr std::int64_t hold_us = 60'000'000;

alert_view view_of(engine::session& session, const manifest::pipeline& pipeline, std::int64_t now_us) {
  alert_view out;
  out.now_us = now_us;
  engine::history_filter filter;
  filter.pipeline = pipeline.name;
  filter.from_us = now_us - longest_window_us(pipeline);
  filter.limit = most_runs;
  out.ended = session.history(filter);
  const auto of_it = [&](const engine::run_row& run) { return run.pipeline == pipeline.name; };
  const open_runs_report open = look_at_open_runs(session, {});
  out.stuck = std::count_if(open.stuck.begin(), open.stuck.end(), of_it);
  out.held = std::count_if(open.held.begin(), open.held.end(), of_it);
  return out;
}

}  // namespace

void alert_watch::round(const std::vector<std::shared_ptr<const manifest::pipeline>>& pipelines) {
  try {
    if (!session_) session_ = setup_.store.open_session();
    for (const auto& p : pipelines) {
      if (!p->alerts.empty()) round(*session_, *p);
    }
    away_ = false;
  } catch (...) {
    const failure f = engine::current_failure();
    session_.reset();
    if (std::exchange(away_, true)) return;
    setup_.log.write(log_level::warn, {.code = f.code()},
                     "alerts can't be evaluated: " + f.message() + "; it is tried again",
                     {{"event", "alert.not_evaluated"}});
  }
}

void alert_watch::round(engine::session& session, const manifest::pipeline& pipeline) {
  const engine::note known = session.read_note(alert_note(pipeline.name));
  alert_book book = alert_book_from(known.text);
  const std::int64_t now = session.now_us();
  std::vector<alert_change> changes;
  // A clock that went back does not silence them.
  const bool due = now - book.looked_us >= setup_.every_us || now < book.looked_us;
  if (due) changes = evaluate(book, pipeline, view_of(session, pipeline, now), setup_.new_id);
  const std::size_t dropped = drop_oldest(book);
  const auto messages = take_messages(book, setup_.host, now, hold_us);
  if (!due && messages.empty()) return;
  if (!session.write_note(alert_note(pipeline.name), known.version, to_text(book)))
    return;  // another host does it
  for (const alert_change& c : changes) say(pipeline, c);
  if (dropped > 0) {
    setup_.log.write(log_level::error, {.code = "SLU-6091"},
                     "too many alerts wait to be told: the oldest are given up",
                     {{"event", "alert.given_up"}, {"pipeline", pipeline.name}, {"messages", dropped}});
  }
  for (const alert_message& m : messages) {
    if (setup_.stop()) return;
    send(session, pipeline, m);
  }
}

void alert_watch::say(const manifest::pipeline& pipeline, const alert_change& c) {
  const std::string text = alert_text(*c.alert, c.state);
  nlohmann::json fields = alert_json(pipeline, c.name, *c.alert, c.state);
  fields.erase("text");
  if (!c.state.firing) {
    fields["event"] = "alert.resolved";
    return setup_.log.write_json(log_level::info, {}, "it is over: " + text, fields.dump());
  }
  fields["event"] = "alert.firing";
  const bool critical = c.alert->severity == "critical";
  setup_.log.write_json(critical ? log_level::error : log_level::warn, {.code = "SLU-6090"},
                        text + "; docs/operate.md says what to do", fields.dump());
}

// A secret that can't be read is tried again like a receiver that is away: unsigned it would not be believed.
std::string alert_watch::call(engine::session& session, const manifest::pipeline& pipeline,
                              const manifest::notification& to, const alert_message& message) {
  webhook_call what{to.webhook, message.body, message.id, session.now_us() / 1'000'000};
  try {
    if (!to.secret.empty()) what.secret = setup_.secret(pipeline, to.secret);
    return setup_.send(what);
  } catch (const plugin::error& e) {
    return e.code() + " " + e.message();
  } catch (const failure& f) {
    if (f.code() != "SLU-6093") throw;
    return f.code() + " " + f.message();
  }
}

void alert_watch::send(engine::session& session, const manifest::pipeline& pipeline,
                       const alert_message& message) {
  const auto to =
      std::find_if(pipeline.notify.begin(), pipeline.notify.end(),
                   [&](const manifest::notification& n) { return webhook_digest(n.webhook) == message.to; });
  if (to == pipeline.notify.end()) {  // whom the manifest does not name any more
    return change(session, pipeline.name, [&](alert_book& b) { settle(b, message.id); });
  }
  const std::string why = call(session, pipeline, *to, message);
  if (why.empty()) {
    change(session, pipeline.name, [&](alert_book& b) { settle(b, message.id); });
    return setup_.log.write(log_level::info, {}, "told of an alert",
                            {{"event", "alert.sent"},
                             {"pipeline", pipeline.name},
                             {"to", shown_address(to->webhook)},
                             {"message", message.id}});
  }
  not_sent(session, pipeline, message, shown_address(to->webhook), why);
}

void alert_watch::not_sent(engine::session& session, const manifest::pipeline& pipeline,
                           const alert_message& message, const std::string& address, const std::string& why) {
  std::optional<alert_message> given_up;
  change(session, pipeline.name, [&](alert_book& b) { given_up = put_off(b, message.id, session.now_us()); });
  setup_.log.write(given_up ? log_level::error : log_level::warn, {.code = "SLU-6091"},
                   "the webhook at " + address + " could not be told of an alert: " + why +
                       (given_up ? "; it is given up" : "; it is tried again"),
                   {{"event", given_up ? "alert.given_up" : "alert.not_sent"},
                    {"pipeline", pipeline.name},
                    {"message", message.id},
                    {"attempt", message.tries + 1}});
}

void alert_watch::change(engine::session& session, const std::string& pipeline,
                         const std::function<void(alert_book&)>& how) {
  for (;;) {
    const engine::note known = session.read_note(alert_note(pipeline));
    alert_book book = alert_book_from(known.text);
    how(book);
    if (session.write_note(alert_note(pipeline), known.version, to_text(book))) return;
  }
}

}  // namespace sluice::host

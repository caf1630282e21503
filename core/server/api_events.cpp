// GET /api/sync/runs/{run_id}/events: a run as it gets on, as server-sent events, until it has ended.
#include <optional>
#include <utility>

#include "server/api.hpp"
#include "server/run_events.hpp"

namespace sluice::server {

namespace {

using boost::asio::awaitable;

constexpr auto look_again = std::chrono::seconds(1), heartbeat = std::chrono::seconds(15);

}  // namespace

struct api::event_stream {
  event_stream(api& of, const request& r, std::string run)
      : at(of),
        from(r),
        run_id(run),
        seen(r.header("last-event-id")),
        news(of.setup_.signals, {std::move(run)}) {}

  // The next piece; empty: it is over. A host that leaves ends it: the caller goes on with another one.
  awaitable<std::string> next();

  api& at;
  const request& from;  // lives as long as its connection answers it
  std::string run_id;
  event_position seen;
  run_signals::listener news;
  run_signals::clock::time_point told = run_signals::clock::now();
  bool begun = false, over = false;
};

awaitable<std::string> api::event_stream::next() {
  if (!std::exchange(begun, true)) co_return "retry: 2000\n\n";
  while (!over && !at.setup_.signals.left()) {
    const desk::reply receipt = co_await at.receipt_of(run_id);
    over = !receipt->at("ended_at").is_null();
    std::string text = seen.advance(*receipt);
    const auto now = run_signals::clock::now();
    if (text.empty() && now - told >= heartbeat) text = ": still there\n\n";
    if (!text.empty()) {
      told = now;
      co_return text;
    }
    if (!over) co_await news.next(now + look_again);
  }
  co_return std::string();
}

// What goes wrong in the middle ends the stream; the caller comes back for the rest.
awaitable<std::string> api::next_events(std::shared_ptr<event_stream> s) {
  std::optional<refusal> failed;
  std::string text;
  try {
    text = co_await s->next();
  } catch (...) {
    failed = current_refusal();
  }
  if (failed) static_cast<void>(refuse(s->from, *failed));
  co_return text;
}

awaitable<answer> api::run_events(const call& c) {
  static_cast<void>(co_await run_there_is(c));
  const auto stream = std::make_shared<event_stream>(*this, c.from, c.path.at("run_id"));
  answer out{200, "text/event-stream", {}, {}, false, {}};
  out.more = [this, stream] { return next_events(stream); };
  co_return out;
}

}  // namespace sluice::server

// What a host says of itself: that it lives, whether it can take requests, and what can be asked of it.
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/openapi.hpp"
#include "server/problem.hpp"
#include "server/web.hpp"

namespace sluice::server {

using boost::asio::awaitable;

awaitable<answer> api::livez(const call&) { co_return json_answer(200, {{"status", "alive"}}); }

// An upstream or a backend that is away makes no host unready: others could do no better. Which backend it is, is not
// for everybody.
awaitable<answer> api::readyz(const call&) {
  if (leaving_) co_return json_answer(503, {{"status", "stopping"}});
  const bool reachable = co_await store_.answers();
  if (!reachable) co_return json_answer(503, {{"status", "the store does not answer"}});
  co_return json_answer(200, {{"status", setup_.service.backends_away().empty() ? "ready" : "degraded"}});
}

// What is done at the socket alone is not offered elsewhere.
awaitable<answer> api::describe(const call& c) {
  static const std::string all = to_text(openapi()) + "\n";
  static const std::string others = to_text(openapi(described::without_administration)) + "\n";
  const bool elsewhere = c.from.administrator.empty() && !setup_.listen.socket.empty();
  co_return answer{200, "application/json", elsewhere ? others : all, {}, false};
}

awaitable<answer> api::dashboard(const call& c) { co_return *web_answer("index.html", c.from); }

awaitable<answer> api::dashboard_file(const call& c) {
  auto out = web_answer(c.path.at("file"), c.from);
  if (!out) throw refusal(404, code::no_route, "there is nothing at this address");
  co_return std::move(*out);
}

}  // namespace sluice::server

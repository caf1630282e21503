// Who may do what: the route table says what is needed, the token what is allowed, and whose data. In one place, before
// any handler, so that none can forget it.
#include "plugin/error.hpp"
#include "server/api.hpp"
#include "server/codes.hpp"
#include "server/problem.hpp"
#include "server/target.hpp"

namespace sluice::server {

namespace {

std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != scheme[i]) return {};
  }
  return authorization.substr(scheme.size());
}

}  // namespace

// A file that can't be read admits nobody; callers are told no more than that, the log is.
std::optional<token_entry> api::known_caller(const request& r) {
  try {
    return tokens_.find(bearer(r.header("authorization")));
  } catch (const plugin::error& e) {
    setup_.log.write(observe::log_level::error, {.correlation_id = r.correlation_id, .code = e.code()},
                     e.message());
    return std::nullopt;
  }
}

void api::refuse_unknown(const request& r) {
  // Who sends none guesses nothing.
  const bool guessed = !bearer(r.header("authorization")).empty();
  const wrong_tokens::verdict v =
      guessed ? wrong_.count(r.address, clock_.steady_us()) : wrong_tokens::verdict{};
  if (v.wait_us > 0) {
    if (v.first) {
      setup_.log.write(observe::log_level::warn,
                       {.correlation_id = r.correlation_id, .code = code::wrong_too_often},
                       "tokens that are not valid come from one address again and again",
                       {{"event", "http.wrong_tokens"}, {"address", r.address}});
    }
    throw refusal(429, code::wrong_too_often, "tokens that are not valid came from this address too often")
        .with("Retry-After", std::to_string((v.wait_us + 999'999) / 1'000'000 + random_.next() % 3));
  }
  throw refusal(401, code::no_token, "this needs a token that is valid now, as `Authorization: Bearer …`")
      .with("WWW-Authenticate", "Bearer");
}

void api::authorize(const route& at, request& r) {
  if (!r.administrator.empty()) {
    r.caller = r.administrator;
    r.caller_tenant = "*";
    return;
  }
  const auto who = known_caller(r);
  if (!who) refuse_unknown(r);
  if (!who->may(at.needs)) {
    throw refusal(403, code::no_right,
                  "this needs a token with the scope `" + std::string(to_string(at.needs)) + "`");
  }
  if (at.needs == right::admin && !setup_.listen.socket.empty()) {
    throw refusal(403, code::no_right,
                  "this is done at the host's socket alone, by those whom the operating system vouches for");
  }
  r.caller = who->id;
  r.caller_tenant = who->tenant;
  if (r.sees_all()) return;
  if (at.about == reach::host && at.needs != right::known) {
    throw refusal(403, code::no_right, "this is about the host: it needs a token for all tenants");
  }
  if (at.about != reach::tenant) return;
  const auto path = match_path(at.path, std::string_view(r.target).substr(0, r.target.find('?')));
  if (path->at("tenant") != who->tenant) throw no_such_tenant(path->at("tenant"));
}

// What belongs to others is to a caller of one tenant as if it were not there.
boost::asio::awaitable<void> api::keep_to_own(const route& at, call& c) {
  if (c.from.sees_all()) co_return;
  const std::string own = c.from.caller_tenant;
  if (at.about == reach::list) {
    const std::string asked = c.value("tenant");
    if (!asked.empty() && asked != own) throw no_such_tenant(asked);
    c.query["tenant"] = own;
  }
  if (at.about != reach::object) co_return;
  const std::string run_id = c.path.at("run_id");
  const desk::reply run = co_await receipt_of(run_id);
  if (run->at("tenant") != own) throw no_such_run(run_id);
}

}  // namespace sluice::server

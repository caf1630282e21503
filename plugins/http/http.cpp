#include "http.hpp"

#include <sluice/failure.hpp>

#include "base64.hpp"
#include "codes.hpp"
#include "headers.hpp"
#include "outcome.hpp"
#include "watch.hpp"

namespace sluice::http {

// One fetch from its start to its answer.
struct http_source::pending {
  pending(const read& r, page_place&& p, prepared_request&& q, completion&& d)
      : what(r), place(std::move(p)), request(std::move(q)), done(std::move(d)) {}

  const read& what;
  page_place place;
  vars values;
  prepared_request request;
  std::vector<std::string> headers, secrets;
  steady::time_point ends;
  bool deadline_first = false, repeated = false;
  token_need need;
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);
  completion done;
  std::unique_ptr<cancel_hook> hook;
};

http_source::http_source(const setup& s) : host_(s.host), settings_(parse_settings(s.config_json)), tokens_(settings_, host_, client_), client_(settings_) {}

std::string http_source::credentials(const call& c, const vars& values, std::string& secret) const {
  const auth_settings& auth = settings_.auth;
  if (auth.how == auth_settings::how::none || auth.how == auth_settings::how::client_credentials) return {};
  if (!auth.secret.empty()) secret = host_.expand(c, auth.secret).value();
  check_header_value(auth.how == auth_settings::how::header ? auth.header : "Authorization", secret);
  switch (auth.how) {
    case auth_settings::how::bearer: return "Authorization: Bearer " + secret;
    case auth_settings::how::header: return auth.header + ": " + secret;
    default: break;
  }
  const std::string user = auth.key_as_user ? secret : auth.username.expand(values);
  return "Authorization: Basic " + base64(user + ":" + (auth.key_as_user ? "" : secret));
}

void http_source::fetch(const read& r, const fetch_request& f, completion& done) {
  const vars values = f.variables();
  page_place place = page_place::parse(f.page_state);
  prepared_request request = make_request(settings_, r, values, place);
  const call c = done.context();
  std::string secret;
  std::vector<std::string> headers;
  if (std::string line = credentials(c, values, secret); !line.empty()) headers.push_back(std::move(line));
  if (!c.correlation_id().empty()) headers.push_back("X-Correlation-ID: " + std::string(c.correlation_id()));
  if (!c.traceparent().empty()) headers.push_back("traceparent: " + std::string(c.traceparent()));

  std::chrono::milliseconds budget = settings_.total;
  if (const auto deadline = c.deadline()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - std::chrono::system_clock::now());
    if (left.count() <= 0) throw failure(status::deadline, codes::deadline, request.shown() + ": the deadline of the call has passed");
    budget = std::min(budget, left);
  }
  auto p = std::make_shared<pending>(r, std::move(place), std::move(request), std::move(done));
  if (!secret.empty()) p->secrets.push_back(std::move(secret));
  if (settings_.auth.how == auth_settings::how::client_credentials) p->values = values;
  p->headers = std::move(headers);
  p->ends = steady::now() + budget;
  p->deadline_first = budget < settings_.total;
  // The hook may fire at once or while this still runs; it only sets a flag that the client looks at.
  p->hook = std::make_unique<cancel_hook>(c, [this, flag = p->cancelled] {
    *flag = true;
    client_.wake();
  });
  send(p);
}

void http_source::send(const std::shared_ptr<pending>& p) {
  const bool with_token = settings_.auth.how == auth_settings::how::client_credentials;
  // What may have to be sent once more stays here.
  auto t = with_token ? std::make_shared<transfer>(settings_, prepared_request(p->request), p->headers)
                      : std::make_shared<transfer>(settings_, std::move(p->request), std::move(p->headers));
  t->watched = tracer(host_).on();
  t->ends = p->ends;
  t->cancelled = p->cancelled;
  if (with_token) t->ready = [this, p](transfer& waits) { return authorize(*p, waits); };
  t->done = [this, p](transfer& ended) { answer(p, ended); };
  client_.start(std::move(t));
}

bool http_source::authorize(pending& p, transfer& t) {
  const std::string* token = tokens_.get(p.done.context(), p.values, p.need);
  if (token == nullptr) return false;
  t.add_header("Authorization: Bearer " + *token);
  p.secrets = {*token};
  return true;
}

bool http_source::repeat(const std::shared_ptr<pending>& p, const transfer& ended) {
  if (p->need.number == 0 || p->repeated || ended.head.status != 401 || *p->cancelled) return false;
  p->repeated = true;
  p->need = {.refused = p->need.number};
  send(p);
  return true;
}

void http_source::answer(const std::shared_ptr<pending>& p, transfer& ended) {
  host_.add("requests");
  host_.add("wire_bytes", static_cast<double>(ended.wire_bytes));
  tell_exchange(host_, p->done.context().raw(), ended, settings_, p->secrets, exchange_for::page);
  bool again = false;
  std::exception_ptr failed;
  try {
    again = repeat(p, ended);
  } catch (...) {
    failed = std::current_exception();
  }
  if (again) return;
  p->hook.reset();  // waits for a hook that is running; afterwards the call may end
  const asked a{{settings_, p->secrets, p->deadline_first}, p->what, p->place};
  std::string remark;
  p->done.run([&] {
    if (failed) std::rethrow_exception(failed);
    page out = make_page(ended, a, scanner_, remark);
    if (!remark.empty()) {
      host_.log(p->done.context(), log_level::warn,
                ended.request().shown() + ": " + remark);
    }
    return out;
  });
}

}  // namespace sluice::http

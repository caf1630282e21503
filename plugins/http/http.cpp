#include "http.hpp"

#include <openssl/evp.h>

#include <sluice/failure.hpp>

#include "codes.hpp"
#include "outcome.hpp"

namespace sluice::http {
namespace {

std::string base64(std::string_view text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

}  // namespace

// One fetch from its start to its answer.
struct http_source::pending {
  pending(const read& r, page_place&& p, completion&& d) : what(r), place(std::move(p)), done(std::move(d)) {}

  const read& what;
  page_place place;
  std::string secret;
  bool deadline_first = false;
  completion done;
  std::unique_ptr<cancel_hook> hook;
};

http_source::http_source(const setup& s) : host_(s.host), settings_(parse_settings(s.config_json)), client_(settings_) {}

std::string http_source::credentials(const call& c, const vars& values, std::string& secret) const {
  const auth_settings& auth = settings_.auth;
  if (auth.how == auth_settings::how::none) return {};
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
  std::vector<std::string> headers{"Accept: " + std::string(r.format == page_format::json ? "application/json" : "*/*")};
  if (std::string line = credentials(c, values, secret); !line.empty()) headers.push_back(std::move(line));
  if (!c.correlation_id().empty()) headers.push_back("X-Correlation-ID: " + std::string(c.correlation_id()));
  if (!c.traceparent().empty()) headers.push_back("traceparent: " + std::string(c.traceparent()));

  std::chrono::milliseconds budget = settings_.total;
  if (const auto deadline = c.deadline()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - std::chrono::system_clock::now());
    if (left.count() <= 0) throw failure(status::deadline, codes::deadline, request.shown() + ": the deadline of the call has passed");
    budget = std::min(budget, left);
  }
  // Shared by the client, which runs it, and by the hook, which may cancel it.
  auto t = std::make_shared<transfer>(settings_, std::move(request), std::move(headers));
  t->budget = budget;
  auto p = std::make_shared<pending>(r, std::move(place), std::move(done));  // copied with t->done, as std::function wants
  p->secret = std::move(secret);
  p->deadline_first = budget < settings_.total;
  t->done = [this, p](transfer& ended) { answer(*p, ended); };
  // The hook may fire at once or while this still runs; it only sets a flag that the client looks at.
  p->hook = std::make_unique<cancel_hook>(c, [this, weak = std::weak_ptr(t)] {
    if (const auto alive = weak.lock()) alive->cancelled = true;
    client_.wake();
  });
  client_.start(std::move(t));
}

void http_source::answer(pending& p, transfer& ended) {
  p.hook.reset();  // waits for a hook that is running; afterwards the call may end
  host_.add("requests");
  host_.add("wire_bytes", static_cast<double>(ended.wire_bytes));
  const asked a{settings_, p.what, p.place, p.secret, p.deadline_first};
  std::string remark;
  p.done.run([&] {
    page out = make_page(ended, a, scanner_, remark);
    if (!remark.empty()) {
      host_.log(p.done.context(), log_level::warn,
                ended.request().shown() + ": " + remark);
    }
    return out;
  });
}

}  // namespace sluice::http

#include "tokens.hpp"

#include <algorithm>
#include <utility>

#include <sluice/failure.hpp>

#include "base64.hpp"
#include "codes.hpp"
#include "url.hpp"
#include "watch.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t kept_tokens = 1024;             // beyond these, those that have ended go
constexpr std::chrono::hours longest{24 * 365};       // of one that says nothing of its end
constexpr std::chrono::milliseconds shortest{1'000};  // so that who waits for it can use it at all

void add_field(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  append_percent_encoded(form, name);
  form += '=';
  append_percent_encoded(form, value);
}

}  // namespace

std::chrono::milliseconds used_for(std::chrono::milliseconds good_for, std::chrono::milliseconds margin) {
  return good_for - std::min(margin, good_for / 2);
}

const std::string* token_keeper::get(const call& c, const vars& values, token_need& need) {
  held& h = held_[std::string(c.tenant())];
  const bool waited = need.since && h.answers > *need.since;
  const auto now = steady::now();
  // One that is to be renewed is still good for those who have waited, even if renewing has failed.
  if (h.number > need.refused && now < (waited ? h.ends : h.renew)) {
    need.number = h.number;
    return &h.value;
  }
  if (waited && h.failed) std::rethrow_exception(h.failed);
  if (!need.since) need.since = h.answers;
  if (!h.asked) ask(h, c, values);
  return nullptr;
}

void token_keeper::ask(held& h, const call& c, const vars& values) {
  const token_settings& how = settings_.auth.token;
  prepared_request request;
  request.method = "POST";
  request.origin_url = request.url = how.url.expand(values);
  check_base(request.url);
  const std::string id = how.client_id.expand(values);
  const secret expanded = host_.expand(c, how.secret);
  const std::string key(expanded.value());
  told about{settings_, {key, percent_encoded(key)}};
  add_field(request.body, "grant_type", "client_credentials");
  std::vector<std::string> headers{"Accept: application/json",
                                   "Content-Type: application/x-www-form-urlencoded"};
  if (how.in_body) {
    add_field(request.body, "client_id", id);
    add_field(request.body, "client_secret", key);
  } else {
    about.secrets.push_back(base64(percent_encoded(id) + ":" + percent_encoded(key)));
    headers.push_back("Authorization: Basic " + about.secrets.back());
  }
  for (const auto& [name, value] : how.form) add_field(request.body, name, value.expand(values));
  if (!c.correlation_id().empty()) headers.push_back("X-Correlation-ID: " + std::string(c.correlation_id()));
  auto t = std::make_shared<transfer>(settings_, std::move(request), std::move(headers));
  t->watched = tracer(host_).on();
  t->ends = steady::now() + settings_.total;
  // The map's places stay where they are, and one that is asked for is not forgotten.
  t->done = [this, &h, about](transfer& ended) { take(h, ended, about); };
  client_.start(std::move(t));
  h.asked = true;
  if (held_.size() > kept_tokens) forget_old();
}

void token_keeper::take(held& h, transfer& ended, const told& about) {
  h.asked = false;
  ++h.answers;
  host_.add("token_requests");
  tell_exchange(host_, nullptr, ended, settings_, about.secrets, exchange_for::token);
  try {
    access_token got = make_token(ended, about);
    const auto good_for = got.good_for ? std::max<std::chrono::milliseconds>(*got.good_for, shortest)
                                       : std::chrono::milliseconds(longest);
    h.value = std::move(got.value);
    ++h.number;
    h.renew = steady::now() + used_for(good_for, settings_.auth.token.margin);
    h.ends = steady::now() + good_for;
    h.failed = nullptr;
  } catch (...) {
    h.failed = std::current_exception();
  }
}

void token_keeper::forget_old() {
  std::erase_if(
      held_, [now = steady::now()](const auto& one) { return !one.second.asked && one.second.ends < now; });
}

}  // namespace sluice::http

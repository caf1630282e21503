#include "outcome.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>

#include "codes.hpp"
#include "headers.hpp"
#include "parts.hpp"
#include "retry_after.hpp"
#include "url.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t shown_bytes = 120;

// One line of text that may be shown: no control characters, no broken characters at the end, no secret.
std::string shown(std::string_view text, const std::vector<std::string>& secrets) {
  std::string out(text.substr(0, 4 * shown_bytes));
  for (const std::string& secret : secrets) {
    for (std::size_t at = 0; secret.size() >= 4 && (at = out.find(secret, at)) != std::string::npos;) out.replace(at, secret.size(), "***");
  }
  std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  if (out.size() > shown_bytes) {
    std::size_t end = shown_bytes;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80U) --end;
    out = out.substr(0, end) + "…";
  }
  return out;
}

std::string seconds(std::chrono::milliseconds ms) {
  return ms.count() % 1000 == 0 ? std::to_string(ms.count() / 1000) + " s" : std::to_string(ms.count()) + " ms";
}

class teller {
 public:
  teller(const transfer& t, const told& a) : transfer_(t), told_(a) {}

  [[noreturn]] void fail(status kind, const char* code, const std::string& why, std::chrono::milliseconds after = {}) const {
    throw failure(kind, code, transfer_.request().shown() + ": " + why, after, transfer_.head.status);
  }
  [[nodiscard]] std::string line() const {
    return std::to_string(transfer_.head.status) + (transfer_.head.reason.empty() ? "" : " " + shown(transfer_.head.reason, told_.secrets));
  }
  // The upstream's own explanation, in the shapes that are usual.
  [[nodiscard]] std::string words() const {
    const std::string_view body = transfer_.body.view();
    const auto j = nlohmann::json::parse(body, nullptr, false);
    std::string text;
    for (const char* key : {"error_description", "detail", "message", "error", "title"}) {
      if (!text.empty() || !j.is_object() || !j.contains(key)) continue;
      const auto& value = j.at(key);
      if (value.is_string()) text = value.get<std::string>();
      else if (value.is_object()) text = value.value("message", value.dump());
    }
    if (text.empty()) text = body;
    return text.empty() ? "" : "; the upstream says \"" + shown(text, told_.secrets) + "\"";
  }
  [[nodiscard]] std::string beginning() const { return "\"" + shown(transfer_.body.view(), told_.secrets) + "\""; }

 private:
  const transfer& transfer_;
  const told& told_;
};

void check_own_reasons(const transfer& t, const told& a, const teller& tell) {
  const settings& s = a.config;
  switch (t.reason) {
    case given_up::no: case given_up::enough: return;
    case given_up::cancelled: tell.fail(status::cancelled, codes::cancelled, "cancelled");
    case given_up::no_token:
      if (a.deadline_first) tell.fail(status::deadline, codes::deadline, "the deadline of the call passed while it waited for a token");
      tell.fail(status::transient, codes::total_timeout, "not sent within " + seconds(s.total) + " (timeouts.total): no token came");
    case given_up::first_byte:
      tell.fail(status::transient, codes::first_byte_timeout, "no answer within " + seconds(s.first_byte) + " (timeouts.first_byte)");
    case given_up::too_slow:
      tell.fail(status::transient, codes::too_slow, "slower than " + std::to_string(s.min_rate) + " bytes a second over " +
                                                        seconds(s.speed_over) + " (min_speed), after " + std::to_string(t.body.size()) + " bytes");
    case given_up::too_large:
      tell.fail(status::invalid, codes::too_large, "the page is larger than " + std::to_string(s.max_page) +
                                                       " bytes; ask for fewer records (request.page.size) or raise max_page");
    case given_up::bad_head:
      tell.fail(status::transient, codes::bad_protocol, "the answer's head is not HTTP: " + t.head.wrong);
    case given_up::bomb:
      tell.fail(status::invalid, codes::bomb, "the page is compressed more than 100:1, after " + std::to_string(t.body.size()) +
                                                  " bytes; an honest page is not");
  }
}

void check_timeout(const transfer& t, const told& a, const teller& tell) {
  if (a.deadline_first) tell.fail(status::deadline, codes::deadline, "the deadline of the call passed");
  const std::string connect = "no connection within " + seconds(a.config.connect) + " (timeouts.connect): ";
  switch (t.phase) {
    case transfer::phase::resolve: tell.fail(status::transient, codes::connect_timeout, connect + "the name was not resolved");
    case transfer::phase::connect: tell.fail(status::transient, codes::connect_timeout, connect + "TCP or TLS did not answer");
    default:
      tell.fail(status::transient, codes::total_timeout, "not complete within " + seconds(a.config.total) + " (timeouts.total), after " +
                                                             std::to_string(t.body.size()) + " bytes");
  }
}

// An alert, or an answer of another version: asking again would end the same. A cut or silence is something else.
bool is_tls_refusal(const std::string& detail) {
  for (const char* sign : {"alert certificate required", "alert handshake failure", "alert protocol version",
                           "alert bad certificate", "unsupported protocol"}) {
    if (detail.find(sign) != std::string::npos) return true;
  }
  return false;
}

// Since TLS 1.3 the refusal comes after our handshake has ended, and whoever closes at once may destroy it on its way.
const char* after_asking_us(const transfer& t) {
  if (!t.met->wants_ours || t.head.bytes > 0) return "";
  return "; the server had asked for a client certificate and none was sent, which may be why";
}

void check_transport(const transfer& t, const told& a, const teller& tell) {
  const std::string why = shown(t.detail, a.secrets);
  if (t.code != CURLE_OK && is_tls_refusal(t.detail)) {
    tell.fail(status::invalid, codes::no_tls,
              "the server refuses our TLS: " + why + "; it has to speak TLS 1.2 or 1.3 and may not ask for a client certificate");
  }
  switch (t.code) {
    case CURLE_OK: return;
    case CURLE_OPERATION_TIMEDOUT: return check_timeout(t, a, tell);
    case CURLE_COULDNT_RESOLVE_HOST: tell.fail(status::transient, codes::unresolved, "the host name is not known: " + why);
    case CURLE_COULDNT_CONNECT:
      if (!t.refused_address.empty()) {
        tell.fail(status::invalid, codes::bad_address,
                  "the name leads to " + t.refused_address + ", which " +
                      (a.config.addresses == address_policy::any ? "is link-local; who means it spells it out in base_url"
                                                                 : "is not public (addresses: public)"));
      }
      tell.fail(status::transient, codes::unreachable, "no connection: " + why);
    case CURLE_PEER_FAILED_VERIFICATION: case CURLE_SSL_CACERT_BADFILE: case CURLE_SSL_CERTPROBLEM: case CURLE_SSL_ISSUER_ERROR:
      tell.fail(status::invalid, codes::bad_certificate,
                "the server's certificate is not trusted: " + why +
                    (t.met->certificate.empty() ? "" : " (" + shown(t.met->certificate, a.secrets) + ")") +
                    "; if it is your own authority's, name it in tls.ca_file");
    case CURLE_PARTIAL_FILE: tell.fail(status::transient, codes::truncated, "the answer was cut off: " + why);
    case CURLE_BAD_CONTENT_ENCODING: tell.fail(status::transient, codes::bad_encoding, "the answer can't be decompressed: " + why);
    case CURLE_UNSUPPORTED_PROTOCOL: case CURLE_WEIRD_SERVER_REPLY:
      tell.fail(status::transient, codes::bad_protocol, "the answer is not HTTP: " + why);
    case CURLE_OUT_OF_MEMORY: case CURLE_FAILED_INIT: tell.fail(status::transient, sluice::codes::out_of_memory, "out of memory");
    default: tell.fail(status::transient, codes::broken, "the connection broke" +
                           std::string(t.phase == transfer::phase::receive ? " while the answer came: " : ": ") + why + after_asking_us(t));
  }
}

void check_wait(const transfer& t, const teller& tell, const std::string& said) {
  const auto wait = parse_retry_after(t.head.retry_after, t.head.date, std::time(nullptr));
  const bool throttled = t.head.status == 429 || (t.head.status == 503 && wait.count() > 0);
  if (!throttled) tell.fail(status::transient, codes::upstream_failed, said);
  const std::string until = wait.count() == 0 ? "" : "; again in " + seconds(wait) + (wait == longest_wait ? " (at most)" : "");
  tell.fail(status::throttled, codes::throttled, said + until, wait);
}

// The type of the refusal itself is often the one that it wants to be asked for.
[[noreturn]] void refuse_accept(const transfer& t, const told& a, const teller& tell, const std::string& said) {
  const std::string type = t.head.content_type.substr(0, t.head.content_type.find(';'));
  const bool tells = type.find("json") != std::string::npos && type != "application/json";
  tell.fail(status::invalid, codes::refused, said + "; it does not give what the header Accept asks for: name another, as headers: { Accept: " +
                                                 (tells ? shown(type, a.secrets) : "…") + " } of the source");
}

void check_status(const transfer& t, const told& a, const teller& tell) {
  const int s = t.head.status;
  if (s == 200 || s == 203) return;
  const std::string said = tell.line() + tell.words();
  if (s == 408 || s == 425 || s == 429 || s >= 500) check_wait(t, tell, said);
  if (s == 401 && a.config.auth.how == auth_settings::how::client_credentials)
    tell.fail(status::denied, codes::unauthorized, said + "; a fresh token was refused too: check auth.client_credentials, its scope and audience first");
  if (s == 401) tell.fail(status::denied, codes::unauthorized, said + "; the credentials are refused: check auth and the tenant's secret");
  if (s == 403) tell.fail(status::denied, codes::forbidden, said + "; the credentials are known but may not read this");
  if (s == 404 || s == 410) tell.fail(status::not_found, codes::not_found, said);
  // Whoever stands in between has mistaken the request for another: it is made once more.
  if (s == 304) tell.fail(status::transient, codes::bad_status, said + "; nothing conditional was asked");
  if (s == 206) tell.fail(status::transient, codes::bad_status, said + "; no part was asked for, a page is whole");
  if (s >= 300 && s < 400) {
    tell.fail(status::invalid, codes::redirect, said + "; it leads to " + target_of(t.request().url, t.head.location) +
                                                    ", but redirects are not followed: write the final address in base_url");
  }
  if (s >= 200 && s < 300) tell.fail(status::invalid, codes::bad_status, said + "; a page is a 200 with a body");
  if (s == 406) refuse_accept(t, a, tell, said);
  tell.fail(status::invalid, codes::refused, said + "; check request.path and request.query");
}

// A total that is no number says nothing.
std::int64_t total_of(std::string_view text) {
  std::int64_t n = -1;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
  return fault == std::errc{} && end == text.data() + text.size() && n >= 0 ? n : -1;
}

// Whether a JSON text ends where it should. A cheap look: one that was cut off hardly ever ends in its own bracket.
bool is_closed(std::string_view body) {
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!body.empty() && blank(body.back())) body.remove_suffix(1);
  while (!body.empty() && blank(body.front())) body.remove_prefix(1);
  if (body.empty()) return false;
  if (body.front() == '{') return body.back() == '}';
  return body.front() != '[' || body.back() == ']';
}

void check_body(const transfer& t, const asked& a, const teller& tell) {
  std::string_view body = t.body.view();
  if (body.starts_with("\xFF\xFE") || body.starts_with("\xFE\xFF")) {
    tell.fail(status::invalid, codes::not_json, "the page is UTF-16; make the upstream send UTF-8");
  }
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  while (!body.empty() && static_cast<unsigned char>(body.front()) <= ' ') body.remove_prefix(1);
  if (body.empty()) tell.fail(status::transient, codes::empty, "200 with an empty body, where a page was expected");
  const bool html = t.head.content_type.find("html") != std::string::npos;
  if (a.read.format != page_format::json && !html) {
    // The end of JSON is seen; that of lines is not.
    if (t.head.length.empty() && !t.head.chunked) {
      tell.fail(status::invalid, codes::endless, "the answer says neither its length nor is it chunked: nobody can tell whether it is complete");
    }
    return;
  }
  if (html || body.front() == '<') {
    const std::string type = t.head.content_type.empty() ? "a page of markup" : shown(t.head.content_type, a.secrets);
    tell.fail(status::invalid, codes::not_json, "expected data, got " + type + ": " + tell.beginning() +
                                                    "; is it a login page? check base_url and auth");
  }
  if (!is_closed(body)) tell.fail(status::transient, codes::truncated, "the answer ends in the middle, after " + std::to_string(t.body.size()) + " bytes");
}

}  // namespace

page make_page(transfer& t, const asked& a, scanner& scan, std::string& remark) {
  if (t.refused) std::rethrow_exception(t.refused);
  const teller tell(t, a);
  check_own_reasons(t, a, tell);
  if (t.reason == given_up::no) check_transport(t, a, tell);
  check_status(t, a, tell);
  check_body(t, a, tell);
  page out;
  try {
    t.body.seal();
    page_facts facts;
    if (a.read.format == page_format::json) facts = scan.scan(t.body, a.read.page, a.read.records);
    if (!a.read.page.total_header.empty()) facts.total = total_of(t.head.total);
    if (a.read.page.style == page_style::link && a.read.page.next.empty()) {
      if (std::string next = next_of_link_header(t.head.link); !next.empty()) facts.next = std::move(next);
    }
    if (a.read.page.style == page_style::link && facts.next && !facts.next->empty()) {
      facts.next = resolve_link(t.request().url, *facts.next);
    }
    for (const page_place& range : ranges_of(a.read.page, a.place, facts)) out.parts.push_back(range.to_state());
    std::optional<page_place> next;
    if (a.place.range.first != 0) {
      next = next_in_range(a.read.page, a.place, facts, remark);
    } else if (out.parts.empty()) {
      next = next_place(a.read.page, a.place, facts);
      if (!next) next = place_after_end(a.read.page, a.place, facts, remark);
    }
    out.end = !next.has_value();
    if (next) out.next_state = next->to_state();
    out.declared_total = facts.total;
  } catch (const failure& f) {  // say where it was
    tell.fail(f.kind(), f.code().c_str(), f.message() + (f.code() == codes::not_json ? "; it begins " + tell.beginning() : ""));
  }
  out.format = a.read.format;
  out.body = std::move(t.body);
  out.wire_bytes = t.wire_bytes;
  out.http_status = t.head.status;
  return out;
}

namespace {

// What the endpoint's own code says, in what is to be done about it.
std::string step_after(const std::string& error) {
  const std::string where = "auth.client_credentials";
  if (error == "invalid_scope") return "check " + where + ".scope";
  if (error == "unauthorized_client" || error == "unsupported_grant_type")
    return "the service has to allow this client the grant client_credentials";
  return "check client_id and the tenant's secret, and whether `credentials` is to be basic or body";
}

// 400, 401 and 403 with the reason that RFC 6749 §5.2 gives them: asking again ends the same.
[[noreturn]] void refuse_token(const transfer& t, const teller& tell) {
  const auto j = nlohmann::json::parse(t.body.view(), nullptr, false);
  const auto at = j.is_object() ? j.find("error") : j.end();
  std::string error = at != j.end() && at->is_string() ? at->get<std::string>() : "";
  const auto odd = [](char c) { return c != '_' && (c < 'a' || c > 'z'); };
  if (error.size() > 40 || std::ranges::any_of(error, odd)) error.clear();
  tell.fail(status::denied, codes::token_refused,
            tell.line() + (error.empty() ? "" : ", " + error) + tell.words() + "; no token is given: " + step_after(error));
}

std::optional<std::chrono::milliseconds> lifetime_of(const nlohmann::json& answer) {
  const auto at = answer.find("expires_in");
  if (at == answer.end() || at->is_null()) return std::nullopt;
  constexpr double longest_s = 3.15e7;
  double s = -1;
  if (at->is_number()) s = at->get<double>();
  if (at->is_string()) {  // some write it as text
    const auto text = at->get<std::string>();
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), s);
    if (bad != std::errc{} || end != text.data() + text.size()) s = -1;
  }
  if (!(s >= 0)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(1000 * std::min(s, longest_s)));
}

}  // namespace

access_token make_token(const transfer& t, const told& a) {
  const teller tell(t, a);
  check_own_reasons(t, a, tell);
  if (t.reason == given_up::no) check_transport(t, a, tell);
  const int s = t.head.status;
  const std::string said = tell.line() + tell.words();
  if (s == 408 || s == 425 || s == 429 || s >= 500) check_wait(t, tell, said);
  if (s == 400 || s == 401 || s == 403) refuse_token(t, tell);
  const std::string step = "; check auth.client_credentials.token_url";
  if (s != 200) tell.fail(status::invalid, codes::bad_token, said + "; a token comes with 200" + step);
  const auto answer = nlohmann::json::parse(t.body.view(), nullptr, false);
  if (answer.is_discarded() && t.head.content_type.find("html") == std::string::npos)
    tell.fail(status::transient, codes::truncated, "the answer with the token is no whole JSON");
  const auto value = answer.is_object() ? answer.find("access_token") : answer.end();
  if (value == answer.end() || !value->is_string() || value->get_ref<const std::string&>().empty())
    tell.fail(status::invalid, codes::bad_token, "200 without `access_token`" + step);
  const std::string kind = answer.value("token_type", "Bearer");
  if (!std::ranges::equal(kind, std::string_view("bearer"), [](char x, char y) { return (x | 0x20) == y; }))
    tell.fail(status::invalid, codes::bad_token, "the token is of another type than Bearer, which is all that can be sent");
  access_token out{value->get<std::string>(), lifetime_of(answer)};
  check_header_value("Authorization", out.value);
  return out;
}

}  // namespace sluice::http

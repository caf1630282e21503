// Client credentials: a token for each tenant, kept, renewed once for all, and what is said when there is none.
#include <algorithm>
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

class tokens : public testing::Test {
 protected:
  [[nodiscard]] json config(const json& more = json::object(), const json& client = json::object()) const {
    json out{{"base_url", upstream_.url()}};
    json credentials{{"token_url", upstream_.url() + "/oauth/${tenant}/token"},
                     {"client_id", "client-${tenant}"},
                     {"client_secret", "${tenant.secrets.client}"}};
    credentials.update(client);
    out["auth"]["client_credentials"] = credentials;
    out.update(more);
    return out;
  }
  static void give_secret(source_driver& s, const std::string& value = "secret-acme") {
    s.host.secrets["${tenant.secrets.client}"] = value;
  }
  fetched once(const json& conf) {
    source_driver s(conf);
    give_secret(s);
    return s.fetch(s.prepare(users_request()));
  }
  void on_token(json fault) {
    fault["match"]["path"] = "*/token";
    upstream_.data().set_faults(json::array({fault}).dump());
  }
  void on_data(json fault) {
    fault["match"]["path"] = "/v1/*";
    upstream_.data().set_faults(json::array({fault}).dump());
  }
  json desk(const json& wanted = json::object()) {
    return json::parse(upstream_.data().tokens(wanted.dump()));
  }
  int given(const std::string& tenant = "acme") {
    const json d = desk();
    return d.at("tenants").contains(tenant) ? d["tenants"][tenant]["given"].get<int>() : 0;
  }
  [[nodiscard]] std::size_t served(const std::string& list) const {
    std::size_t n = 0;
    for (const auto& line : upstream_.data().log()) n += line.list == list ? 1 : 0;
    return n;
  }
  void wait_for(const std::string& list, std::size_t n) const {
    while (served(list) < n) std::this_thread::yield();
  }

  mutable upstream::server upstream_{upstream::options{.tenants = {{"acme", 200}, {"globex", 20}}}};
};

// covers: U4
TEST_F(tokens, one_serves_all_pages_until_it_ends) {
  source_driver s(config());
  give_secret(s);
  const auto pages = s.all(s.prepare(users_request()));
  EXPECT_GT(pages.size(), 2U);
  EXPECT_EQ(pages.back().status, SLUICE_OK) << pages.back().message;
  EXPECT_EQ(given(), 1);
  EXPECT_EQ(s.host.secrets_alive(), 0);
}

// covers: U4
TEST_F(tokens, that_end_soon_are_renewed_before_they_are_refused) {
  desk({{"said", 1}});
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  while (given() < 3) EXPECT_EQ(s.fetch(read).status, SLUICE_OK);
  for (const auto& line : upstream_.data().log()) EXPECT_EQ(line.status, 200);
}

// covers: U4
TEST_F(tokens, that_have_ended_when_they_come_are_refused_twice) {
  desk({{"lifetime", 0}});
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  EXPECT_EQ(s.fetch(read).http_status, 401);
  EXPECT_EQ(given(), 2);
  desk({{"lifetime", 3600}});
  EXPECT_EQ(s.fetch(read).status, SLUICE_OK);
}

// covers: U4
TEST_F(tokens, are_asked_for_once_by_many_requests) {
  on_token({{"do", "delay"}, {"ms", 200}});
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  std::vector<std::future<fetched>> all;
  for (int i = 0; i < 12; ++i) all.push_back(s.start(read, s.call.raw()));
  for (auto& f : all) EXPECT_EQ(f.get().status, SLUICE_OK);
  EXPECT_EQ(given(), 1);
}

// covers: U4
TEST_F(tokens, that_are_revoked_are_renewed_once_for_all_and_the_requests_repeated) {
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  EXPECT_EQ(s.fetch(read).status, SLUICE_OK);
  desk({{"revoke", "acme"}});
  std::vector<std::future<fetched>> all;
  for (int i = 0; i < 8; ++i) all.push_back(s.start(read, s.call.raw()));
  for (auto& f : all) EXPECT_EQ(f.get().status, SLUICE_OK);
  EXPECT_EQ(given(), 2);
}

// covers: U4, P18
TEST_F(tokens, that_are_refused_twice_end_the_request) {
  on_data({{"do", "status"}, {"status", 401}, {"body", R"({"error":"no: given-acme-2"})"}});
  const fetched f = once(config());
  EXPECT_EQ(f.status, SLUICE_DENIED);
  EXPECT_EQ(f.code, "SLU-3130");
  EXPECT_THAT(f.message, HasSubstr("a fresh token was refused too"));
  EXPECT_THAT(f.message, Not(HasSubstr("given-acme")));
  EXPECT_EQ(served(""), 2U);  // replaced answers name no list
  EXPECT_EQ(given(), 2);
}

// covers: U4, P22
TEST_F(tokens, a_client_that_is_not_known_is_told_for_good_and_quotes_no_secret) {
  for (const char* way : {"basic", "body"}) {
    source_driver s(config(json::object(), {{"credentials", way}}));
    give_secret(s, "wrong-secret");
    const fetched f = s.fetch(s.prepare(users_request()));
    EXPECT_EQ(f.status, SLUICE_DENIED);
    EXPECT_EQ(f.code, "SLU-3136");
    EXPECT_THAT(f.message, HasSubstr("POST " + upstream_.url() + "/oauth/acme/token: 401"));
    EXPECT_THAT(f.message, HasSubstr("invalid_client"));
    EXPECT_THAT(f.message, HasSubstr("client_id and the tenant's secret"));
    EXPECT_THAT(f.message, Not(HasSubstr("wrong-secret")));
    // Put right, the next request has its token.
    give_secret(s);
    EXPECT_EQ(s.fetch(s.prepare(users_request())).status, SLUICE_OK);
  }
  EXPECT_EQ(served("users"), 2U) << "a request went out without a token";
}

// covers: U4
TEST_F(tokens, credentials_scope_and_fields_are_sent_as_configured) {
  EXPECT_EQ(
      once(config(json::object(), {{"scope", "read:all ${tenant}"}, {"form", {{"resource", "a&b"}}}})).status,
      SLUICE_OK);
  EXPECT_EQ(desk()["tenants"]["acme"]["scope"], "read:all acme");
  EXPECT_EQ(desk()["tenants"]["acme"]["credentials"], "basic");
  EXPECT_EQ(once(config(json::object(), {{"credentials", "body"}})).status, SLUICE_OK);
  EXPECT_EQ(desk()["tenants"]["acme"]["credentials"], "body");
  const fetched f = once(config(json::object(), {{"scope", "everything"}}));
  EXPECT_EQ(f.code, "SLU-3136");
  EXPECT_THAT(f.message, HasSubstr("check auth.client_credentials.scope"));
}

// covers: U4
TEST_F(tokens, an_endpoint_that_is_not_well_is_waited_for) {
  const std::vector<std::tuple<json, sluice_status, const char*>> table{
      {{{"do", "status"}, {"status", 503}}, SLUICE_TRANSIENT, "SLU-3135"},
      {{{"do", "status"}, {"status", 429}, {"headers", {{"Retry-After", "7"}}}},
       SLUICE_THROTTLED,
       "SLU-3134"},
      {{{"do", "truncate"}, {"at", 20}}, SLUICE_TRANSIENT, "SLU-3119"},
      {{{"do", "hang"}}, SLUICE_TRANSIENT, "SLU-3115"},
      {{{"do", "html"}}, SLUICE_INVALID, "SLU-3137"},
      {{{"do", "null"}}, SLUICE_INVALID, "SLU-3137"},
      {{{"do", "status"}, {"status", 404}}, SLUICE_INVALID, "SLU-3137"},
      {{{"do", "redirect"}, {"status", 302}, {"to", "http://169.254.169.254/"}}, SLUICE_INVALID, "SLU-3137"},
      {{{"do", "status"}, {"status", 400}}, SLUICE_DENIED, "SLU-3136"}};
  for (const auto& [fault, kind, code] : table) {
    on_token(fault);
    const fetched f = once(config({{"timeouts", {{"first_byte", "300ms"}}}}));
    EXPECT_EQ(f.status, kind) << fault << f.message;
    EXPECT_EQ(f.code, code) << fault << f.message;
    EXPECT_THAT(f.message, HasSubstr("/oauth/acme/token: "));
  }
  EXPECT_EQ(served("users"), 0U);
}

// covers: U4
TEST_F(tokens, one_that_can_not_be_renewed_is_used_as_long_as_it_is_good) {
  desk({{"said", 4}});
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  EXPECT_EQ(s.fetch(read).status, SLUICE_OK);
  const auto asked = [&] {
    return std::ranges::count_if(upstream_.data().log(), [](const auto& l) { return l.status == 503; });
  };
  upstream_.data().set_faults(R"([{"match":{"path":"*/token"},"do":"status","status":503},
                                  {"match":{"path":"/v1/*"},"do":"delay","ms":50}])");
  while (asked() == 0) EXPECT_EQ(s.fetch(read).status, SLUICE_OK);
}

// covers: P12
TEST_F(tokens, who_waits_for_one_may_be_cancelled) {
  on_token({{"do", "hang"}});
  source_driver s(config());
  give_secret(s);
  void* read = s.prepare(users_request());
  testkit::fake_call second;
  auto first = s.start(read, s.call.raw());
  auto other = s.start(read, second.raw());
  while (upstream_.data().log().empty()) std::this_thread::yield();
  second.cancel();
  EXPECT_EQ(other.get().code, "SLU-3150");
  EXPECT_EQ(first.wait_for(0s), std::future_status::timeout);
  s.call.cancel();
  EXPECT_EQ(first.get().code, "SLU-3150");
}

// covers: P24
TEST_F(tokens, the_endpoint_is_under_the_rules_of_addresses) {
  const fetched f = once(config({{"addresses", "public"}}));
  EXPECT_EQ(f.code, "SLU-3160");
  EXPECT_THAT(f.message, HasSubstr("/oauth/acme/token"));
  EXPECT_EQ(upstream_.connections(), 0U);
}

// covers: P20
TEST_F(tokens, each_tenant_has_its_own) {
  source_driver s(config());
  s.host.secrets["${tenant.secrets.client}"] = "secret-globex";
  EXPECT_EQ(s.fetch(s.prepare(users_request())).code, "SLU-3136") << "acme with the secret of globex";
  EXPECT_EQ(given("globex"), 0);
}

}  // namespace
}  // namespace sluice::http_test

// What is told to whoever looks at single requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Filled on the source's thread before the fetch is completed, read after it.
std::vector<json> told;
std::vector<std::string> bodies;

constexpr sluice_trace_v1 table{sizeof(sluice_trace_v1), [](const sluice_host*, const sluice_call*,
                                                            sluice_str exchange, sluice_str body) {
                                  told.push_back(json::parse(sluice::detail::view(exchange)));
                                  bodies.emplace_back(sluice::detail::view(body));
                                }};

class trace : public testing::Test {
 protected:
  void SetUp() override {
    told.clear();
    bodies.clear();
  }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 50}}}};
};

TEST_F(trace, an_exchange_is_told_with_its_secrets_masked) {
  source_driver source(upstream_.url());
  source.host.offer(SLUICE_TRACE_1, &table);
  const fetched f = source.fetch(source.prepare(users_request()));
  ASSERT_EQ(f.status, SLUICE_OK) << f.message;
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("for"), "page");
  EXPECT_EQ(told[0].at("status"), 200);
  EXPECT_THAT(told[0].at("url").get<std::string>(), HasSubstr("/v1/tenants/acme/users?"));
  EXPECT_THAT(told[0].at("headers"), Contains(json::array({"Authorization", "Bearer ***"})));
  EXPECT_THAT(told[0].at("answer"), Contains(json::array({"Content-Type", told[0].at("type")})));
  EXPECT_THAT(told[0].dump(), Not(HasSubstr("token-acme")));
  EXPECT_EQ(bodies[0], f.body);
}

TEST_F(trace, a_refused_request_is_told_with_what_was_answered) {
  source_driver source(upstream_.url());
  source.host.offer(SLUICE_TRACE_1, &table);
  source.host.secrets["${tenant.secrets.crm}"] = "wrong-secret";
  EXPECT_EQ(source.fetch(source.prepare(users_request())).status, SLUICE_DENIED);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].at("status"), 401);
  EXPECT_THAT(bodies[0], HasSubstr("error"));
}

TEST_F(trace, nothing_is_told_to_a_host_that_does_not_look) {
  source_driver source(upstream_.url());
  EXPECT_EQ(source.fetch(source.prepare(users_request())).status, SLUICE_OK);
  EXPECT_TRUE(told.empty());
}

TEST_F(trace, a_token_is_told_of_without_what_was_answered) {
  json config{{"base_url", upstream_.url()}};
  config["auth"]["client_credentials"] = {{"token_url", upstream_.url() + "/oauth/${tenant}/token"},
                                          {"client_id", "client-${tenant}"},
                                          {"client_secret", "${tenant.secrets.client}"},
                                          {"credentials", "basic"}};
  source_driver source(config);
  source.host.secrets["${tenant.secrets.client}"] = "secret-acme";
  source.host.offer(SLUICE_TRACE_1, &table);
  ASSERT_EQ(source.fetch(source.prepare(users_request())).status, SLUICE_OK);
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(told[0].at("for"), "token");
  EXPECT_EQ(bodies[0], "");
  EXPECT_THAT(told[0].at("headers"), Contains(json::array({"Authorization", "Basic ***"})));
  EXPECT_THAT(told[1].at("headers"), Contains(json::array({"Authorization", "Bearer ***"})));
}

}  // namespace
}  // namespace sluice::http_test

#include "http/settings.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>

#include "http/codes.hpp"
#include "http/tokens.hpp"
#include "http/units.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

std::string refusal_of(const json& config) {
  try {
    static_cast<void>(parse_settings(config.dump()));
  } catch (const failure& f) {
    EXPECT_EQ(f.code(), codes::bad_config);
    return f.message();
  }
  return "none";
}

TEST(settings, have_defaults_for_everything_but_the_address) {
  const settings s = parse_settings(R"({"base_url":"https://crm.test"})");
  EXPECT_EQ(s.connect.count(), 5'000);
  EXPECT_EQ(s.first_byte.count(), 30'000);
  EXPECT_EQ(s.total.count(), 120'000);
  EXPECT_EQ(s.max_page, 32U << 20U);
  EXPECT_EQ(s.auth.how, auth_settings::how::none);
}

TEST(settings, read_their_units) {
  const settings s = parse_settings(
      R"({"base_url":"http://x.test","timeouts":{"connect":"200ms","total":"2m"},"min_speed":{"rate":"2KiB/s","over":"5s"},"max_page":"1MiB"})");
  EXPECT_EQ(s.connect.count(), 200);
  EXPECT_EQ(s.total.count(), 120'000);
  EXPECT_EQ(s.min_rate, 2048U);
  EXPECT_EQ(s.speed_over.count(), 5'000);
  EXPECT_EQ(s.max_page, 1U << 20U);
}

TEST(settings, name_the_setting_that_is_wrong) {
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"timeouts", {{"total", "5"}}}}).find("timeouts.total: `5`"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"max_page", "lots"}}).find("max_page"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"min_speed", {{"rate", "5KiB"}}}}).find("min_speed.rate"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "ftp://x"}}).find("http://"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"tls", {{"ca_file", "/no/such/file"}}}}).find("tls.ca_file"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"auth", {{"basic", {{"password", "x"}}}}}}).find("username"), std::string::npos);
}

// covers: P24, M8
TEST(settings, the_address_never_depends_on_data) {
  EXPECT_NE(refusal_of({{"base_url", "http://${parent.host}/"}}).find("${parent.host}"), std::string::npos);
  EXPECT_NE(refusal_of({{"base_url", "http://x/${subject}"}}).find("${subject}"), std::string::npos);
  EXPECT_EQ(refusal_of({{"base_url", "http://${tenant.vars.host}/${tenant}"}}), "none");
}

TEST(settings, headers_of_the_connection_are_not_for_sale) {
  EXPECT_NE(refusal_of({{"base_url", "http://x"}, {"headers", {{"Transfer-Encoding", "chunked"}}}}).find("Transfer-Encoding"), std::string::npos);
}

// covers: P24
TEST(settings, of_a_token_depend_on_the_tenant_alone) {
  const auto with = [](json more) {
    json c{{"token_url", "https://id.test/${tenant.vars.realm}/token"}, {"client_id", "x"}, {"client_secret", "y"}};
    c.update(more);
    return refusal_of({{"base_url", "http://x"}, {"auth", {{"client_credentials", c}}}});
  };
  EXPECT_EQ(with(json::object()), "none");
  EXPECT_NE(with({{"token_url", "https://${parent.host}/"}}).find("${parent.host}"), std::string::npos);
  EXPECT_NE(with({{"token_url", "id.test"}}).find("token_url"), std::string::npos);
  EXPECT_NE(with({{"scope", "of ${subject}"}}).find("scope: `${subject}`"), std::string::npos);
  EXPECT_NE(with({{"form", {{"grant_type", "password"}}}}).find("`grant_type` has a place"), std::string::npos);
  EXPECT_NE(with({{"margin", "soon"}}).find("margin"), std::string::npos);
}

// covers: U4
TEST(settings, a_token_is_used_but_for_the_margin_and_at_least_for_half_of_its_time) {
  using std::chrono::seconds;
  EXPECT_EQ(used_for(seconds(300), seconds(30)), seconds(270));
  EXPECT_EQ(used_for(seconds(40), seconds(30)), seconds(20));
  EXPECT_EQ(used_for(seconds(0), seconds(30)), seconds(0));
}

}  // namespace
}  // namespace sluice::http

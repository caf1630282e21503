#include "http/settings.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>

#include "http/codes.hpp"
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

}  // namespace
}  // namespace sluice::http

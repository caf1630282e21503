// Whose limits a request is within. Time stands still unless a test moves it.
#include "host/source_lanes.hpp"

#include <gtest/gtest.h>

#include "support/manual_clock.hpp"

namespace sluice::host {

namespace {

value_fn tenant(const std::string& name, const std::string& url) {
  return [=](std::string_view which) { return which == "tenant" ? name : url; };
}

}  // namespace

// covers: P12
TEST(source_lanes, an_upstream_is_told_by_scheme_and_host) {
  const auto texts = texts_by_tenant(
      R"({"base_url":"${tenant.vars.url}/api","token_url":"https://id","note":"for ${tenant}","auth":{"header":"${tenant}://x"}})");
  EXPECT_EQ(texts, (std::vector<std::string>{"${tenant.vars.url}/api", "for ${tenant}"}));
  EXPECT_EQ(origin_of(texts, tenant("acme", "https://a.example:8443/v1")), "https://a.example:8443\n");
  EXPECT_EQ(origin_of(texts, tenant("beta", "https://b.example")), "https://b.example\n");
  EXPECT_EQ(origin_of({"https://${tenant}.example/x"}, tenant("acme", "")), "https://acme.example\n");
  EXPECT_EQ(origin_of({"https://one.example/${tenant}?for=${tenant}"}, tenant("acme", "")), "")
      << "the same upstream for all, with the limits of one";
  EXPECT_EQ(origin_of({}, tenant("acme", "")), "");
  EXPECT_TRUE(texts_by_tenant("").empty());
}

// covers: P12, P16
TEST(source_lanes, each_upstream_has_limits_of_its_own_and_idle_ones_are_forgotten) {
  boost::asio::io_context context;
  testing::manual_clock clock(context);
  source_lanes lanes(context.get_executor(), clock, {});
  const auto kept = lanes.of("a");
  EXPECT_EQ(lanes.of("a"), kept);
  EXPECT_NE(lanes.of("b"), kept);
  lanes.of("quiet")->not_before_us = 1'000'000;
  for (int n = 0; n < 2'000; ++n) static_cast<void>(lanes.of(std::to_string(n)));
  EXPECT_LE(lanes.size(), 300U);
  EXPECT_EQ(lanes.of("a"), kept) << "somebody has it";
  EXPECT_EQ(lanes.of("quiet")->not_before_us, 1'000'000) << "it has asked to be left alone until then";
  clock.advance(1'000'000);
  for (int n = 0; n < 2'000; ++n) static_cast<void>(lanes.of(std::to_string(n)));
  EXPECT_EQ(lanes.of("quiet")->not_before_us, 0);
}

}  // namespace sluice::host

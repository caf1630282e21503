// Whole reads against the simulated upstream, page by page: every record once, in every paging style.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {

class pages : public testing::Test {
 protected:
  std::vector<fetched> read(const json& request) { return source_.all(source_.prepare(request)); }
  std::size_t distinct(const std::vector<fetched>& all) {
    const auto every = ids(all);
    return std::set<std::string>(every.begin(), every.end()).size();
  }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 600}}, .max_limit = 200}};  // 510 users
  source_driver source_{upstream_.url()};
};

// covers: P1
TEST_F(pages, every_style_gives_every_record_once) {
  const std::vector<json> styles{
      {{"style", "cursor"}, {"next", "/next"}, {"size", {{"limit", 90}}}},
      {{"style", "cursor"}, {"next", "/next"}},
      {{"style", "offset"}, {"size", {{"limit", 90}}}},
      {{"style", "offset"}, {"size", {{"limit", 170}}}, {"total", "/total"}},
      {{"style", "offset"}, {"size", {{"limit", 170}}}, {"until", "empty"}},
      {{"style", "offset"}},
      {{"style", "pages"}, {"size", {{"limit", 51}}}},
      {{"style", "pages"}, {"size", {{"limit", 120}}}, {"total", "/total"}}};
  for (const json& style : styles) {
    const auto all = read(users_request(style));
    ASSERT_EQ(all.back().status, SLUICE_OK) << style << all.back().message;
    EXPECT_EQ(ids(all).size(), 510U) << style;
    EXPECT_EQ(distinct(all), 510U) << style;
  }
}

TEST_F(pages, numbered_ones_are_read_in_ranges) {
  json request = users_request({{"style", "pages"}, {"total", "/total"}, {"size", {{"limit", 50}}}});
  const auto all = read(request);
  EXPECT_TRUE(all[0].end);
  EXPECT_EQ(all[0].parts.size(), 10U);  // of eleven pages
  EXPECT_EQ(all.size(), 11U);
  EXPECT_EQ(distinct(all), 510U);
  request["page"]["parallel"] = 3;
  EXPECT_EQ(read(request)[0].parts.size(), 3U);
  request["page"]["parallel"] = 1;
  EXPECT_TRUE(read(request)[0].parts.empty());
}

// covers: U15
TEST_F(pages, a_server_that_gives_less_than_asked_is_read_to_the_end_by_its_total) {
  const auto all = read(users_request({{"style", "offset"}, {"total", "/total"}, {"size", {{"limit", 510}}}}));
  EXPECT_EQ(all.size(), 3U);  // its largest page has 200
  EXPECT_EQ(ids(all).size(), 510U);
}

// covers: U15
TEST_F(pages, the_total_may_stand_in_the_head) {
  const json request{{"path", "/v1/tenants/${tenant}/link/users"},
                     {"page", {{"style", "link"}, {"total_header", "x-total-COUNT"}, {"size", {{"limit", 200}}}}}};
  void* read = source_.prepare(request, "");
  const auto all = source_.all(read);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].declared_total, 510);
  upstream_.data().set_faults(
      R"([{"match":{"nth":2},"do":"status","status":200,"body":"[]","headers":{"X-Total-Count":"510"}},
          {"match":{"nth":4},"do":"status","status":200,"body":"[]","headers":{"X-Total-Count":"many"}}])");
  const auto twice = source_.all(read);
  ASSERT_EQ(twice.size(), 4U) << "once more from the start; then no number says that it is short";
  EXPECT_EQ(twice[1].declared_total, 510);
  EXPECT_FALSE(twice[1].end);
  EXPECT_EQ(twice[3].declared_total, -1);
  EXPECT_TRUE(twice[3].end);
}

TEST_F(pages, one_page_without_a_style) {
  const auto all = read({{"path", "/v1/tenants/${tenant}/users"}});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(all[0].end);
  EXPECT_GE(all[0].capacity, all[0].body.size() + SLUICE_BODY_PADDING);
}

// covers: P3
TEST_F(pages, a_page_state_asks_for_the_same_page_again) {
  void* read = source_.prepare(users_request());
  const auto all = source_.all(read, json::object(), 4);
  EXPECT_EQ(source_.fetch(read, json::object(), all[1].next_state).body, all[2].body);
}

TEST_F(pages, only_what_changed_since_is_asked_for) {
  upstream_.data().advance("acme", {.percent = 1, .create = 2, .remove = 0});
  json request = users_request();
  request["query"] = {{"updated_since", "${since}"}};
  void* read = source_.prepare(request);
  EXPECT_EQ(ids(source_.all(read)).size(), 512U);
  EXPECT_EQ(ids(source_.all(read, {{"since", "2024-06-01T01:00:00Z"}})).size(), 7U);
}

TEST_F(pages, a_role_with_an_awkward_id_is_one_segment) {
  const auto all = read({{"path", "/v1/tenants/${tenant}/roles"}});
  const json roles = json::parse(all[0].body);
  for (const json& role : roles.at("data")) {
    void* read = source_.prepare({{"path", "/v1/tenants/${tenant}/roles/${parent.id}/members"}});
    const fetched members = source_.fetch(read, {{"parent.id", role.at("id").get<std::string>()}});
    EXPECT_EQ(members.status, SLUICE_OK) << role.at("id") << members.message;
  }
}

TEST_F(pages, basic_credentials_are_taken_too) {
  source_driver basic(json{{"base_url", upstream_.url()}, {"auth", {{"basic", {{"username", "${tenant}"}, {"password", "${tenant.secrets.crm}"}}}}}});
  EXPECT_EQ(basic.fetch(basic.prepare(users_request())).status, SLUICE_OK);
  basic.host.secrets["${tenant.secrets.crm}"] = "wrong";
  EXPECT_EQ(basic.fetch(basic.prepare(users_request())).status, SLUICE_DENIED);
  EXPECT_EQ(basic.host.secrets_alive(), 0);
}

TEST_F(pages, without_credentials_nothing_is_given) {
  source_driver none(json{{"base_url", upstream_.url()}});
  EXPECT_EQ(none.fetch(none.prepare(users_request())).code, "SLU-3130");
}

TEST_F(pages, the_connection_is_kept_and_the_correlation_id_is_sent) {
  read(users_request());
  EXPECT_EQ(upstream_.connections(), 1U);
  for (const upstream::served& line : upstream_.data().log()) EXPECT_EQ(line.correlation_id, source_.call.correlation_id);
}

TEST_F(pages, a_page_is_asked_for_exactly_once) {
  const auto all = read(users_request());
  EXPECT_EQ(upstream_.data().log().size(), all.size());
  EXPECT_EQ(source_.host.metric("requests"), static_cast<double>(all.size()));
}

}  // namespace
}  // namespace sluice::http_test

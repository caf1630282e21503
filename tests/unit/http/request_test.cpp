#include "http/request.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sluice/failure.hpp>
#include <sluice/vars.hpp>

#include "http/codes.hpp"
#include "http/url.hpp"

namespace sluice::http {
namespace {
using nlohmann::json;

settings at(const std::string& base) { return parse_settings(json{{"base_url", base}}.dump()); }
read_plan read_of(json request, json more = json::object()) {
  json read{{"name", "r"}, {"records", "/data"}, {"request", std::move(request)}};
  read.update(more);
  return parse_read(read.dump());
}
std::string url_of(json request, std::vector<vars::entry> values, const page_place& place = {}) {
  return make_request(at("http://crm.test/api/"), read_of(std::move(request)), vars(std::move(values)), place).url;
}
template <class Fn>
std::string code_of(Fn&& fn) {
  try {
    fn();
  } catch (const failure& f) {
    return f.code();
  }
  return "none";
}

TEST(request, a_value_in_the_path_is_one_segment_whatever_it_holds) {
  EXPECT_EQ(url_of({{"path", "/roles/${parent.id}/members"}}, {{"parent.id", "a b/ü%?#"}}),
            "http://crm.test/api/roles/a%20b%2F%C3%BC%25%3F%23/members");
}

// covers: P24
TEST(request, a_value_that_would_be_another_path_is_refused) {
  for (const char* value : {"", ".", ".."}) {
    EXPECT_NE(code_of([&] { url_of({{"path", "/users/${subject}"}}, {{"subject", value}}); }), "none") << value;
  }
}

TEST(request, names_and_values_of_the_query_are_encoded_brackets_too) {
  EXPECT_EQ(url_of({{"path", "/x"}, {"query", {{"filter[type]", "a&b=${tenant}"}}}}, {{"tenant", "ac me"}}),
            "http://crm.test/api/x?filter%5Btype%5D=a%26b%3Dac%20me");
}

TEST(request, a_parameter_with_since_is_left_out_when_nothing_was_synced_before) {
  const json request{{"path", "/x"}, {"query", {{"after", "${since}"}}}};
  EXPECT_EQ(url_of(request, {}), "http://crm.test/api/x");
  EXPECT_EQ(url_of(request, {{"since", ""}}), "http://crm.test/api/x");
  EXPECT_EQ(url_of(request, {{"since", "2024-01-01T00:00:00Z"}}), "http://crm.test/api/x?after=2024-01-01T00%3A00%3A00Z");
}

TEST(request, an_incremental_reads_parameter_takes_since) {
  const read_plan read = read_of({{"path", "/x"}}, {{"incremental", {{"param", "updated_since"}}}});
  EXPECT_EQ(make_request(at("http://crm.test"), read, vars(std::vector<vars::entry>{{"since", "5"}}), {}).url, "http://crm.test/x?updated_since=5");
}

TEST(request, pages_are_asked_for_in_their_style) {
  const auto page = [](json style) { return json{{"path", "/x"}, {"page", std::move(style)}}; };
  page_place third;
  third.page = 3;
  third.received = 150;
  third.cursor = "a+b/c=";
  EXPECT_EQ(url_of(page({{"style", "cursor"}, {"next", "/n"}, {"size", {{"limit", 50}}}}), {}), "http://crm.test/api/x?limit=50");
  EXPECT_EQ(url_of(page({{"style", "cursor"}, {"next", "/n"}, {"param", "after"}}), {}, third), "http://crm.test/api/x?after=a%2Bb%2Fc%3D");
  EXPECT_EQ(url_of(page({{"style", "offset"}, {"param", "first"}, {"size", {{"max", 100}}}}), {}, third),
            "http://crm.test/api/x?max=100&first=150");
  EXPECT_EQ(url_of(page({{"style", "offset"}, {"param", "startIndex"}, {"base", 1}}), {}), "http://crm.test/api/x?startIndex=1");
  EXPECT_EQ(url_of(page({{"style", "pages"}}), {}, third), "http://crm.test/api/x?page=3");
  EXPECT_EQ(url_of(page({{"style", "pages"}, {"base", 0}}), {}), "http://crm.test/api/x?page=0");
  EXPECT_EQ(url_of(page({{"style", "last_id"}, {"id", "/id"}}), {}, third), "http://crm.test/api/x?starting_after=a%2Bb%2Fc%3D");
}

TEST(request, the_first_page_says_what_start_says) {
  const auto page = [](json style) { return json{{"path", "/x"}, {"page", std::move(style)}}; };
  page_place second;
  second.page = 2;
  second.cursor = "c";
  const json scim = page({{"style", "cursor"}, {"next", "/nextCursor"}, {"start", ""}, {"size", {{"count", 9}}}});
  EXPECT_EQ(url_of(scim, {}), "http://crm.test/api/x?count=9&cursor=");
  EXPECT_EQ(url_of(scim, {}, second), "http://crm.test/api/x?count=9&cursor=c");
  EXPECT_EQ(url_of(page({{"style", "last_id"}, {"id", "/id"}, {"start", "0"}}), {}), "http://crm.test/api/x?starting_after=0");
  EXPECT_EQ(code_of([&] { read_of(page({{"style", "pages"}, {"start", "1"}})); }), codes::bad_request);
  EXPECT_EQ(code_of([&] { read_of(page({{"style", "link"}, {"total", "/t"}, {"total_header", "X-Total"}})); }), codes::bad_request);
}

TEST(request, a_header_stands_once_and_the_read_goes_before_the_source) {
  const auto headers = [](json of_source, json of_read, const char* format = "json") {
    const settings s = parse_settings(json{{"base_url", "http://crm.test"}, {"headers", std::move(of_source)}}.dump());
    return make_request(s, read_of({{"path", "/x"}, {"headers", std::move(of_read)}, {"format", format}}), vars(), {}).headers;
  };
  using lines = std::vector<std::string>;
  EXPECT_EQ(headers(json::object(), json::object()), (lines{"Accept: application/json"}));
  EXPECT_EQ(headers(json::object(), json::object(), "csv"), (lines{"Accept: */*"}));
  EXPECT_EQ(headers({{"accept", "application/scim+json"}}, json::object()), (lines{"accept: application/scim+json"}));
  EXPECT_EQ(headers({{"X-Version", "1"}, {"Accept", "a/b"}}, {{"x-version", "2"}}), (lines{"x-version: 2", "Accept: a/b"}));
}

// covers: P24
TEST(request, a_link_stays_on_its_origin) {
  page_place second;
  second.page = 2;
  const json request{{"path", "/x"}, {"page", {{"style", "link"}, {"next", "/next"}}}};
  second.cursor = "/api/x?page=2";
  EXPECT_EQ(url_of(request, {}, second), "http://crm.test/api/x?page=2");
  for (const char* link : {"https://crm.test/api/x", "http://crm.test:81/x", "http://evil.test/x", "//evil.test/x",
                           "http://crm.test@evil.test/", "http://u:p@crm.test/x", "file:///etc/passwd"}) {
    second.cursor = link;
    EXPECT_EQ(code_of([&] { url_of(request, {}, second); }), codes::foreign_link) << link;
  }
}

TEST(request, a_missing_variable_is_named) {
  try {
    url_of({{"path", "/users/${subject}"}}, {});
    FAIL();
  } catch (const failure& f) {
    EXPECT_NE(f.message().find("${subject}"), std::string::npos) << f.message();
  }
}

TEST(request, what_does_not_fit_is_refused_when_the_read_is_prepared) {
  const std::vector<json> bad{{{"path", "users"}}, {{"path", "/a?b=c"}}, {{"path", "/a b"}}, {{"path", "/x"}, {"format", "xml"}},
                              {{"path", "/x"}, {"page", {{"style", "cursor"}}}}, {{"path", "/x"}, {"page", {{"style", "last_id"}}}},
                              {{"path", "/x"}, {"page", {{"style", "token"}}}}, {{"path", "/x"}, {"body", "{}"}},
                              {{"path", "/x"}, {"headers", {{"Host", "evil.test"}}}}, {{"path", "/x"}, {"headers", {{"a b", "c"}}}},
                              {{"path", "/x"}, {"format", "csv"}, {"page", {{"style", "offset"}}}}, json::object()};
  for (const json& request : bad) EXPECT_EQ(code_of([&] { read_of(request); }), codes::bad_request) << request;
}

TEST(request, a_header_value_can_not_end_its_line) {
  EXPECT_EQ(code_of([] {
              const read_plan read = read_of({{"path", "/x"}, {"headers", {{"X-Tenant", "${tenant}"}}}});
              static_cast<void>(make_request(at("http://crm.test"), read, vars(std::vector<vars::entry>{{"tenant", "a\r\nX-Evil: 1"}}), {}));
            }),
            codes::bad_value);
}

// covers: P22
TEST(request, what_is_shown_has_no_query) {
  const auto made = make_request(at("http://crm.test"), read_of({{"path", "/x"}, {"query", {{"key", "hidden"}}}}), vars(), {});
  EXPECT_EQ(made.shown(), "GET http://crm.test/x");
}

TEST(url, the_next_address_of_a_link_header_is_found_among_others) {
  EXPECT_EQ(next_of_link_header(R"(<http://a.test/?p=1>; rel="prev", <http://a.test/?p=3>; rel="next", <http://a.test/?p=9>; rel="last")"),
            "http://a.test/?p=3");
  EXPECT_EQ(next_of_link_header(R"(<http://a.test/?p=1>; rel="prev")"), "");
  EXPECT_EQ(next_of_link_header("garbage <"), "");
}

}  // namespace
}  // namespace sluice::http

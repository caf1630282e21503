// The plugin against an upstream that fails in every way that it knows: what is said, and what may be done next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {
using testing::HasSubstr;
using testing::Not;

class faults : public testing::Test {
 protected:
  // The first page under one fault.
  fetched with(const json& fault, const json& config = json::object(), const json& page = {{"style", "cursor"}, {"next", "/next"}}) {
    upstream_.data().set_faults(json::array({fault}).dump());
    source_driver source(upstream_.url(), config);
    return source.fetch(source.prepare(users_request(page)));
  }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 200}, {"globex", 20}}}};
};

// covers: U2, P18
TEST_F(faults, a_server_error_is_transient_and_quotes_the_upstream) {
  const fetched f = with({{"do", "status"}, {"status", 503}, {"body", R"({"error":"back at nine"})"}});
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3135");
  EXPECT_EQ(f.http_status, 503);
  EXPECT_EQ(f.message, "GET " + upstream_.url() + "/v1/tenants/acme/users: 503 Service Unavailable; the upstream says \"back at nine\"");
}

// covers: U1
TEST_F(faults, too_many_requests_say_when_to_come_back) {
  const fetched f = with({{"do", "status"}, {"status", 429}, {"headers", {{"Retry-After", "7"}}}});
  EXPECT_EQ(f.status, SLUICE_THROTTLED);
  EXPECT_EQ(f.code, "SLU-3134");
  EXPECT_EQ(f.retry_after_ms, 7000);
  EXPECT_EQ(with({{"do", "status"}, {"status", 429}}).retry_after_ms, 0);
  EXPECT_EQ(with({{"do", "status"}, {"status", 503}, {"headers", {{"Retry-After", "864000"}}}}).retry_after_ms, 900'000);
  EXPECT_EQ(with({{"do", "status"}, {"status", 503}, {"headers", {{"Retry-After", "soon"}}}}).status, SLUICE_TRANSIENT);
}

// covers: U3, U4, U28
TEST_F(faults, each_status_says_what_may_be_done_next) {
  const std::vector<std::tuple<int, sluice_status, const char*>> table{
      {400, SLUICE_INVALID, "SLU-3133"},   {401, SLUICE_DENIED, "SLU-3130"},    {403, SLUICE_DENIED, "SLU-3131"},
      {404, SLUICE_NOT_FOUND, "SLU-3132"}, {410, SLUICE_NOT_FOUND, "SLU-3132"}, {408, SLUICE_TRANSIENT, "SLU-3135"},
      {425, SLUICE_TRANSIENT, "SLU-3135"}, {500, SLUICE_TRANSIENT, "SLU-3135"}, {204, SLUICE_INVALID, "SLU-3126"},
      {206, SLUICE_TRANSIENT, "SLU-3126"}, {304, SLUICE_TRANSIENT, "SLU-3126"}};
  for (const auto& [status, kind, code] : table) {
    const fetched f = with({{"do", "status"}, {"status", status}});
    EXPECT_EQ(f.status, kind) << status;
    EXPECT_EQ(f.code, code) << status;
    EXPECT_EQ(f.http_status, status);
  }
}

// covers: U26, P24
TEST_F(faults, a_redirect_is_not_followed_and_its_target_is_named_without_the_query) {
  const fetched f = with({{"do", "redirect"}, {"to", "http://169.254.169.254/latest?token=abc"}});
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3125");
  EXPECT_THAT(f.message, HasSubstr("http://169.254.169.254"));
  EXPECT_THAT(f.message, Not(HasSubstr("abc")));
  EXPECT_EQ(upstream_.connections(), 1U);
}

// covers: U7
TEST_F(faults, an_answer_that_is_cut_off_is_never_a_page) {
  for (const char* how : {"truncate", "truncate_chunked", "cut"}) {
    const fetched f = with({{"do", how}, {"at", 500}});
    EXPECT_EQ(f.status, SLUICE_TRANSIENT) << how;
    EXPECT_TRUE(f.code == "SLU-3119" || f.code == "SLU-3118") << how << " " << f.code << " " << f.message;
  }
}

// covers: U27
TEST_F(faults, a_reset_is_transient) {
  for (const int at : {0, 100, 2000}) {
    const fetched f = with({{"do", "reset"}, {"at", at}});
    EXPECT_EQ(f.status, SLUICE_TRANSIENT) << at;
    EXPECT_EQ(f.code, "SLU-3118") << at << " " << f.message;
  }
}

// covers: U6, P13
TEST_F(faults, a_hanging_upstream_is_named_by_the_timeout_that_was_over) {
  const fetched first = with({{"do", "hang"}}, {{"timeouts", {{"first_byte", "200ms"}}}});
  EXPECT_EQ(first.status, SLUICE_TRANSIENT);
  EXPECT_EQ(first.code, "SLU-3115");
  EXPECT_THAT(first.message, HasSubstr("200 ms (timeouts.first_byte)"));
  const fetched total = with({{"do", "hang"}}, {{"timeouts", {{"total", "200ms"}}}});
  EXPECT_EQ(total.code, "SLU-3116");
  EXPECT_THAT(total.message, HasSubstr("timeouts.total"));
}

// covers: U5
TEST_F(faults, an_answer_that_drips_is_given_up) {
  const fetched f = with({{"do", "slow"}, {"rate", 50}}, {{"min_speed", {{"rate", "1KiB/s"}, {"over", "300ms"}}}});
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3117");
  EXPECT_THAT(f.message, HasSubstr("min_speed"));
}

TEST_F(faults, a_delay_is_no_fault) { EXPECT_EQ(with({{"do", "delay"}, {"ms", 100}}).status, SLUICE_OK); }

// covers: U10
TEST_F(faults, a_login_page_is_shown_for_what_it_is) {
  const fetched f = with({{"do", "html"}});
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3123");
  EXPECT_THAT(f.message, HasSubstr("got text/html; charset=utf-8: \"<!doctype html>"));
  const fetched sneaky = with({{"do", "status"}, {"status", 200}, {"body", "  <html>hello"}});
  EXPECT_EQ(sneaky.code, "SLU-3123");
}

// covers: U8, U18
TEST_F(faults, bytes_that_are_no_json_are_an_error) {
  EXPECT_EQ(with({{"do", "garbage"}}).code, "SLU-3123");
  EXPECT_EQ(with({{"do", "deep"}}).status, SLUICE_TRANSIENT);  // its last bracket is missing: cut off
}

// covers: U8
TEST_F(faults, a_page_with_one_damaged_record_is_handed_on_whole_and_leads_on) {
  for (const char* how : {"bad_utf8", "bom"}) {
    const fetched f = with({{"do", how}});
    EXPECT_EQ(f.status, SLUICE_OK) << how << " " << f.message;
    EXPECT_FALSE(f.end);
    EXPECT_THAT(f.next_state, HasSubstr("\"at\""));
  }
  const fetched wide = with({{"do", "utf16"}});
  EXPECT_EQ(wide.status, SLUICE_INVALID);
  EXPECT_EQ(wide.code, "SLU-3123");
  EXPECT_THAT(wide.message, HasSubstr("UTF-16"));
}

// covers: U13
TEST_F(faults, cursors_that_change_over_a_page_that_does_not_end_with_the_third) {
  upstream_.data().set_faults(R"([{"do":"stuck"}])");
  source_driver source(upstream_.url());
  const auto pages = source.all(source.prepare(users_request()));
  ASSERT_EQ(pages.size(), 3U);
  EXPECT_EQ(pages.back().code, "SLU-3142") << pages.back().message;
}

// covers: U10
TEST_F(faults, an_empty_body_is_never_an_empty_page) {
  const fetched f = with({{"do", "empty"}});
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3124");
}

TEST_F(faults, a_compressed_page_is_the_same_page) {
  const fetched plain = with({{"do", "delay"}, {"ms", 0}});
  const fetched zipped = with({{"do", "gzip"}});
  EXPECT_EQ(zipped.status, SLUICE_OK) << zipped.message;
  const fetched unasked = with({{"do", "zstd"}});
  EXPECT_EQ(unasked.status, SLUICE_OK) << unasked.message;
  EXPECT_EQ(unasked.body, plain.body);
  EXPECT_EQ(zipped.body, plain.body);
  EXPECT_LT(zipped.wire_bytes, plain.wire_bytes / 2);
}

// covers: U17, P25
TEST_F(faults, a_bomb_is_stopped_by_its_ratio_long_before_its_size) {
  const fetched f = with({{"do", "bomb"}, {"mib", 100}}, {{"max_page", "512MiB"}});
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3121") << f.message;
  const fetched other = with({{"do", "zstd_bomb"}, {"mib", 100}}, {{"max_page", "512MiB"}});
  EXPECT_EQ(other.code, "SLU-3121") << other.message;
  EXPECT_THAT(other.message, HasSubstr("100:1"));
}

// covers: U16, P25
TEST_F(faults, a_page_over_the_limit_names_the_knob) {
  const fetched f = with({{"do", "huge"}, {"mib", 3}}, {{"max_page", "2MiB"}});
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3120");
  EXPECT_THAT(f.message, HasSubstr("max_page"));
}

// covers: U13
TEST_F(faults, a_cursor_loop_ends_with_both_page_numbers) {
  upstream_.data().set_faults(R"([{"match":{"nth":3},"do":"loop_cursor","times":0}])");
  source_driver source(upstream_.url());
  const auto pages = source.all(source.prepare(users_request()));
  const fetched& f = pages.back();
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3140");
  EXPECT_THAT(f.message, HasSubstr("page 3 names the same next page as page 2"));
}

// covers: U13
TEST_F(faults, a_cursor_of_a_megabyte_or_of_another_type_is_refused) {
  EXPECT_EQ(with({{"do", "cursor"}, {"value", std::string(1U << 20U, 'x')}}).code, "SLU-3141");
  EXPECT_EQ(with({{"do", "cursor"}, {"value", {{"a", 1}}}}).code, "SLU-3141");
  const fetched number = with({{"do", "cursor"}, {"value", 42}});
  EXPECT_EQ(number.status, SLUICE_OK);
  EXPECT_THAT(number.next_state, HasSubstr(R"("at":"42")"));
  EXPECT_TRUE(with({{"do", "cursor"}, {"value", ""}}).end);
}

// covers: U12, U13
TEST_F(faults, a_repeated_page_is_found_where_pages_are_counted) {
  upstream_.data().set_faults(R"([{"do":"repeat"}])");
  source_driver source(upstream_.url());
  const auto pages = source.all(source.prepare(users_request({{"style", "offset"}, {"size", {{"limit", 50}}}})));
  ASSERT_EQ(pages.size(), 2U);
  EXPECT_EQ(pages.back().code, "SLU-3142");
  EXPECT_THAT(pages.back().message, HasSubstr("pages 1 to 2"));
}

TEST_F(faults, a_wrong_total_is_handed_on_and_loses_no_record) {
  upstream_.data().set_faults(R"([{"do":"wrong_total","total":10}])");
  source_driver source(upstream_.url());
  const auto pages = source.all(source.prepare(users_request({{"style", "offset"}, {"total", "/total"}, {"size", {{"limit", 50}}}})));
  EXPECT_EQ(pages.back().status, SLUICE_OK);
  EXPECT_EQ(pages.back().declared_total, 10);
  EXPECT_EQ(ids(pages).size(), 170U);
}

// covers: P22
TEST_F(faults, the_token_is_never_repeated_even_when_the_upstream_does) {
  const fetched f = with({{"do", "status"}, {"status", 401}, {"body", R"({"error":"bad token token-acme"})"}});
  EXPECT_EQ(f.status, SLUICE_DENIED);
  EXPECT_THAT(f.message, HasSubstr("bad token ***"));
  EXPECT_THAT(f.message, Not(HasSubstr("token-acme")));
}

// covers: P20
TEST_F(faults, another_tenants_data_are_denied) {
  source_driver source(upstream_.url());
  const fetched f = source.fetch(source.prepare({{"path", "/v1/tenants/globex/users"}}));
  EXPECT_EQ(f.status, SLUICE_DENIED);
  EXPECT_EQ(f.code, "SLU-3131");
}

// covers: U6
TEST_F(faults, a_port_where_nobody_listens_is_unreachable) {
  source_driver source(std::string("http://127.0.0.1:1"));
  const fetched f = source.fetch(source.prepare(users_request()));
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3112");
}

// covers: U25
TEST_F(faults, a_name_that_does_not_exist_is_named) {
  source_driver source(std::string("http://no-such-host.invalid"));
  const fetched f = source.fetch(source.prepare(users_request()));
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_TRUE(f.code == "SLU-3111" || f.code == "SLU-3113") << f.code << f.message;
  EXPECT_THAT(f.message, HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace sluice::http_test

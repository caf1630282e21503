// Answers that break the rules of HTTP, byte by byte: never a page, never a second answer for somebody else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "upstream/server.hpp"

namespace sluice::http_test {
namespace {
using testing::HasSubstr;

class wire : public testing::Test {
 protected:
  // The first answer is these bytes, what follows is good.
  void first(const std::string& bytes, bool close = false) {
    upstream_.data().set_faults(
        json::array({{{"match", {{"nth", 1}}}, {"do", "raw"}, {"wire", bytes}, {"close", close}}}).dump());
  }
  fetched ask() { return source_.fetch(users_); }
  upstream::server upstream_{upstream::options{.tenants = {{"acme", 20}}}};
  source_driver source_{upstream_.url()};
  void* users_ = source_.prepare(users_request());
};

// covers: U27
TEST_F(wire, two_lengths_are_no_answer_and_the_connection_is_given_up) {
  first("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: {length}\r\n\r\n{body}");
  const fetched f = ask();
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3127") << f.message;
  EXPECT_THAT(f.message, HasSubstr("two lengths"));
  EXPECT_EQ(ask().status, SLUICE_OK);
  EXPECT_EQ(upstream_.connections(), 2U);
}

// covers: U27
TEST_F(wire, a_length_that_is_no_number_is_no_answer) {
  for (const char* length : {"x", "-1", "+5", "5, 5", "0x5", ""}) {
    first(std::string("HTTP/1.1 200 OK\r\nContent-Length: ") + length + "\r\n\r\n{body}", true);
    const fetched f = ask();
    EXPECT_EQ(f.status, SLUICE_TRANSIENT) << length;
    EXPECT_EQ(f.code, "SLU-3127") << length << " " << f.message;
  }
}

// covers: U27
TEST_F(wire, a_length_beside_chunks_counts_for_nothing_and_ends_the_connection) {
  first(
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: "
      "chunked\r\n\r\n14\r\n{\"data\":[],\"more\":1}\r\n0\r\n\r\n");
  EXPECT_EQ(ask().body, R"({"data":[],"more":1})");
  EXPECT_EQ(ask().status, SLUICE_OK);
  EXPECT_EQ(upstream_.connections(), 2U);
}

// covers: U27
TEST_F(wire, an_unknown_transfer_encoding_is_no_answer) {
  for (const char* coding : {"xchunked", "chunked, identity", "identity"}) {
    first(std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: ") + coding + "\r\n\r\n{body}", true);
    EXPECT_EQ(ask().status, SLUICE_TRANSIENT) << coding;
  }
}

// covers: U27
TEST_F(wire, what_follows_an_answer_is_never_the_next_one) {
  const std::string poison = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":1}\n";
  first("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}" + poison);
  const fetched once = ask(), twice = ask();
  EXPECT_EQ(once.status, SLUICE_OK) << once.message;
  EXPECT_EQ(twice.body, once.body);
  first("HTTP/1.1 204 No Content\r\nContent-Length: 11\r\n\r\n" + poison);
  EXPECT_EQ(ask().code, "SLU-3126");
  EXPECT_EQ(ask().body, once.body);
  first("HTTP/1.1 304 Not Modified\r\n\r\n" + poison);
  EXPECT_EQ(ask().code, "SLU-3126");
  EXPECT_EQ(ask().body, once.body);
}

// covers: U27
TEST_F(wire, http_1_0_that_ends_with_its_connection_is_a_page) {
  first("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{body}", true);
  EXPECT_EQ(ask().status, SLUICE_OK);
}

// covers: U27
TEST_F(wire, an_interim_answer_is_not_the_answer) {
  first(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 1\r\n\r\nHTTP/1.1 200 "
      "OK\r\nContent-Length: {length}\r\n\r\n{body}");
  const fetched f = ask();
  EXPECT_EQ(f.status, SLUICE_OK) << f.message;
  EXPECT_EQ(f.http_status, 200);
}

// covers: U27
TEST_F(wire, bytes_that_are_not_http_are_no_answer) {
  for (const char* bytes :
       {"SSH-2.0-OpenSSH_9.2\r\n", "{\"data\":[]}", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 2 OK\r\n\r\n"}) {
    first(bytes, true);
    const fetched f = ask();
    EXPECT_EQ(f.status, SLUICE_TRANSIENT) << bytes;
    EXPECT_TRUE(f.code == "SLU-3127" || f.code == "SLU-3118") << bytes << f.code << f.message;
  }
}

// covers: U27
TEST_F(wire, a_connection_that_closes_just_as_we_send_costs_nothing) {
  upstream_.data().set_faults(R"([{"do":"close_after","times":3}])");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask().status, SLUICE_OK) << i;
}

// covers: U7
TEST_F(wire, lines_without_a_length_can_not_be_known_to_be_complete) {
  void* lines = source_.prepare({{"path", "/v1/tenants/acme/users"}, {"format", "ndjson"}}, "");
  first("HTTP/1.1 200 OK\r\n\r\n{\"id\":1}\n", true);
  const fetched f = source_.fetch(lines);
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3163") << f.message;
  first("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"id\":1}\n");
  EXPECT_EQ(source_.fetch(lines).status, SLUICE_OK);
}

// covers: U28
TEST_F(wire, a_redirect_without_a_target_is_named_so) {
  for (const int status : {301, 302, 303, 307, 308}) {
    upstream_.data().set_faults(json::array({{{"do", "status"}, {"status", status}}}).dump());
    const fetched f = ask();
    EXPECT_EQ(f.status, SLUICE_INVALID);
    EXPECT_EQ(f.code, "SLU-3125");
    EXPECT_THAT(f.message, HasSubstr("nowhere (no Location)")) << status;
  }
}

// covers: U17
TEST_F(wire, what_is_not_compressed_as_it_says_can_not_be_read) {
  for (const char* coding : {"gzip", "deflate", "zstd", "made-up"}) {
    first(std::string("HTTP/1.1 200 OK\r\nContent-Encoding: ") + coding +
              "\r\nContent-Length: {length}\r\n\r\n{body}",
          true);
    const fetched f = ask();
    EXPECT_EQ(f.status, SLUICE_TRANSIENT) << coding;
    EXPECT_EQ(f.code, "SLU-3122") << coding << " " << f.message;
  }
}

// covers: U26, P24
TEST_F(wire, no_redirect_is_followed_wherever_it_leads) {
  for (const std::string& to :
       {upstream_.url() + "/v1/tenants/acme/users", std::string("http://other.test/"),
        std::string("https://crm.test/"), std::string("http://169.254.169.254/latest/meta-data"),
        std::string("file:///etc/passwd"), std::string("//other.test/x"),
        std::string("/v1/tenants/acme/users?limit=1")}) {
    upstream_.data().set_faults(json::array({{{"do", "redirect"}, {"to", to}}}).dump());
    const std::size_t before = upstream_.data().log().size();
    const fetched f = ask();
    EXPECT_EQ(f.code, "SLU-3125") << to;
    EXPECT_EQ(upstream_.data().log().size(), before + 1) << to;
  }
}

// covers: U26
TEST_F(wire, a_303_to_a_post_is_not_followed_either) {
  void* search = source_.prepare({{"path", "/v1/tenants/acme/users"}, {"method", "POST"}, {"body", "{}"}});
  upstream_.data().set_faults(
      json::array({{{"do", "redirect"}, {"status", 303}, {"to", upstream_.url() + "/v1/tenants/acme/users"}}})
          .dump());
  EXPECT_EQ(source_.fetch(search).code, "SLU-3125");
}

// covers: U25, P24
TEST_F(wire, an_address_that_may_not_be_called_is_refused_when_connecting) {
  source_driver careful(upstream_.url(), {{"addresses", "public"}});
  const fetched f = careful.fetch(careful.prepare(users_request()));
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3160") << f.message;
  EXPECT_THAT(f.message, HasSubstr("127.0.0.1"));
  EXPECT_EQ(upstream_.connections(), 0U);
}

}  // namespace
}  // namespace sluice::http_test

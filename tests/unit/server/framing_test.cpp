// Headers as bytes: what is taken, and what two programs could read differently.
#include "server/framing.hpp"

#include <gtest/gtest.h>

#include "server/problem.hpp"

namespace sluice::server {

namespace {

// The status of the refusal; 0: it was taken.
unsigned refusal_of_head(const std::string& text) {
  try {
    static_cast<void>(read_head(text));
    return 0;
  } catch (const refusal& r) {
    return r.status();
  }
}

std::string with(const std::string& fields) {
  return "POST /x HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

}  // namespace

TEST(framing, takes_an_ordinary_request) {
  const request_head head = read_head(
      "POST /api/sync/tenants/acme/runs?a=b HTTP/1.1\r\nHost: 127.0.0.1:7464\r\ncontent-LENGTH: 12\r\n"
      "Accept: a\r\nAccept:\tb \r\nX-Empty:\r\n\r\n");
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/api/sync/tenants/acme/runs?a=b");
  EXPECT_EQ(head.length, 12U);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_TRUE(head.has_body());
  EXPECT_EQ(head.fields.at("accept"), "a, b");
  EXPECT_EQ(head.fields.at("x-empty"), "");
  EXPECT_TRUE(read_head(with("Transfer-Encoding: chunked\r\n")).chunked);
  EXPECT_FALSE(read_head(with("Connection: Close\r\n")).keep_alive);
  EXPECT_FALSE(read_head("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_FALSE(read_head(with("Content-Length: 0\r\n")).has_body());
}

TEST(framing, knows_which_names_the_host_may_have) {
  const auto taken = [](const std::string& host, host_names allowed) {
    try {
      static_cast<void>(read_head("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n", allowed));
      return true;
    } catch (const refusal&) {
      return false;
    }
  };
  for (const char* address : {"127.0.0.1:7464", "[::1]:7464", "localhost", "10.1.2.3"}) {
    EXPECT_TRUE(taken(address, host_names::addresses)) << address;
    EXPECT_TRUE(taken(address, host_names::any)) << address;
  }
  for (const char* name : {"sync.example.com", "Sync.Example.com:7464"}) {
    EXPECT_FALSE(taken(name, host_names::addresses)) << name;
    EXPECT_TRUE(taken(name, host_names::any)) << name;
  }
  for (const char* wrong : {"", "a b", "a/b", "a:b", "user@a", "a:"}) EXPECT_FALSE(taken(wrong, host_names::any)) << wrong;
}

// covers: A3
TEST(framing, refuses_lengths_that_can_be_read_in_two_ways) {
  for (const char* fields : {
           "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
           "Content-Length: 4\r\nContent-Length: 5\r\n",
           "Content-Length: 4\r\nContent-Length: 4\r\n",
           "Content-Length: 4, 4\r\n",
           "Content-Length: +4\r\n",
           "Content-Length: -1\r\n",
           "Content-Length: 0x4\r\n",
           "Content-Length: 4 4\r\n",
           "Content-Length:\r\n",
           "Content-Length: 99999999999999999999\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: chunked, identity\r\n",
           "Transfer-Encoding: identity\r\nContent-Length: 4\r\n",
           "Transfer-Encoding: Chunked\r\n",
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding:\r\n chunked\r\n",
           "Transfer-Encoding: \vchunked\r\n",
       }) {
    EXPECT_EQ(refusal_of_head(with(fields)), 400U) << fields;
  }
  EXPECT_EQ(refusal_of_head("POST /x HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"),
            400U);
}

// covers: A3, A13
TEST(framing, refuses_lines_that_are_no_header) {
  for (const char* fields :
       {"X : 1\r\n", " X: 1\r\n", "X: 1\r\n\tfolded\r\n", "X: 1\nY: 2\r\n", "X: 1\rY\r\n", "no colon\r\n",
        ": none\r\n", "X\x01: 1\r\n", "X: \x7F\r\n", "X(y): 1\r\n", "X: \x1B[31m\r\n"}) {
    EXPECT_EQ(refusal_of_head(with(fields)), 400U) << fields;
  }
  EXPECT_EQ(refusal_of_head(with(std::string("X: a\0b\r\n", 8))), 400U);
  for (const char* line :
       {"GET  / HTTP/1.1", "GET /", "GET / HTTP/1.2", "GET / HTTP/2", "GET / http/1.1", "GET /a b HTTP/1.1",
        "GET / HTTP/1.1 ", " GET / HTTP/1.1", "G@T / HTTP/1.1", "GET http://other/ HTTP/1.1",
        "GET * HTTP/1.1", "GET /a#b HTTP/1.1", "GET /\xC3\xA4 HTTP/1.1", "GET\t/ HTTP/1.1", ""}) {
    EXPECT_EQ(refusal_of_head(std::string(line) + "\r\nHost: localhost\r\n\r\n"), 400U) << line;
  }
}

// A page in a browser may have any name point to this machine.
TEST(framing, knows_its_host_by_address_alone) {
  const auto of = [](const std::string& host) {
    return refusal_of_head("GET / HTTP/1.1\r\n" + host + "\r\n");
  };
  for (const char* good :
       {"Host: localhost\r\n", "Host: LOCALHOST:80\r\n", "Host: 127.0.0.1\r\n", "Host: [::1]:7464\r\n"}) {
    EXPECT_EQ(of(good), 0U) << good;
  }
  for (const char* bad : {"", "Host:\r\n", "Host: evil.example\r\n", "Host: localhost\r\nHost: localhost\r\n",
                          "Host: localhost:\r\n", "Host: localhost:8x\r\n", "Host: localhost, localhost\r\n",
                          "Host: a@localhost\r\n", "Host: [::1\r\n", "Host: 127.0.0.1.evil.example\r\n"}) {
    EXPECT_EQ(of(bad), 400U) << bad;
  }
}

// covers: A1
TEST(framing, has_limits) {
  std::string many;
  for (int n = 0; n < 63; ++n) many += "X-" + std::to_string(n) + ": 1\r\n";
  EXPECT_EQ(refusal_of_head(with(many)), 0U);
  EXPECT_EQ(refusal_of_head(with(many + "X-63: 1\r\n")), 431U);
  const auto get = [](std::size_t n) {
    return "GET /" + std::string(n - 1, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  };
  EXPECT_EQ(refusal_of_head(get(limits::target)), 0U);
  EXPECT_EQ(refusal_of_head(get(limits::target + 1)), 414U);
}

// covers: A5
TEST(framing, believes_nobody_who_says_a_thing_twice) {
  for (const char* name : {"Authorization", "Content-Type", "X-Correlation-ID", "Last-Event-ID"}) {
    const std::string field = std::string(name) + ": a\r\n";
    EXPECT_EQ(refusal_of_head(with(field)), 0U);
    EXPECT_EQ(refusal_of_head(with(field + field)), 400U) << name;
  }
}

}  // namespace sluice::server

// Certificates are always checked: each way in which one can be wrong, and the one in which it is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/http/source_driver.hpp"
#include "unit/http/tls_server.hpp"

namespace sluice::http_test {
namespace {
using testing::HasSubstr;
using testing::Not;

fetched ask(const tls_server& server, bool trust, const std::string& url = "") {
  json config{{"base_url", url.empty() ? server.url() : url}};
  if (trust) config["tls"] = {{"ca_file", server.ca_file()}};
  source_driver source(config);
  return source.fetch(source.prepare({{"path", "/users"}}));
}

// covers: U24
TEST(tls, a_certificate_of_the_named_authority_is_good_and_the_host_is_named_to_the_server) {
  const tls_server server({});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_OK) << f.message;
  EXPECT_EQ(server.server_name(), "localhost");
}

// covers: U24
TEST(tls, an_unknown_authority_is_refused_and_the_way_out_is_named) {
  const tls_server server({});
  const fetched f = ask(server, false);
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3114");
  EXPECT_THAT(f.message, HasSubstr("tls.ca_file"));
}

// covers: U24
TEST(tls, an_expired_certificate_is_refused) {
  const tls_server server({.valid_from_s = -7200, .valid_for_s = 3600});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.code, "SLU-3114");
  EXPECT_THAT(f.message, HasSubstr("expired"));
  EXPECT_THAT(f.message, HasSubstr("subject `CN = localhost`, issuer `CN = Test Authority`, valid from 2"));
}

// covers: U24
TEST(tls, a_certificate_that_is_not_yet_valid_is_refused) {
  const tls_server server({.valid_from_s = 3600});
  EXPECT_THAT(ask(server, true).message, HasSubstr("not yet valid"));
}

// covers: U24
TEST(tls, a_certificate_for_another_host_is_refused) {
  const tls_server server({.host = "other.test"});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.code, "SLU-3114");
  EXPECT_THAT(f.message, HasSubstr("subject name"));
  EXPECT_THAT(f.message, HasSubstr("subject `CN = other.test`"));
}

// covers: U24
TEST(tls, a_self_signed_certificate_is_refused) {
  const tls_server server({.self_signed = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.code, "SLU-3114");
  EXPECT_THAT(f.message, HasSubstr("self-signed"));
}

// covers: U24
TEST(tls, a_server_of_an_old_version_is_refused_for_good) {
  const tls_server server({.only_tls_1_0 = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3164") << f.message;
  EXPECT_THAT(f.message, HasSubstr("TLS 1.2"));
}

// covers: U24
TEST(tls, a_server_that_wants_to_know_us_is_refused_for_good) {
  const tls_server server({.asks_for_client = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_INVALID);
  EXPECT_EQ(f.code, "SLU-3164") << f.message;
  EXPECT_THAT(f.message, HasSubstr("client certificate"));
}

// covers: U24
TEST(tls, a_server_that_would_like_to_know_us_answers_without) {
  const tls_server server({.would_like_client = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_OK) << f.message;
}

// covers: U24
TEST(tls, a_connection_that_breaks_after_the_server_wanted_to_know_us_says_so) {
  const tls_server server({.would_like_client = true, .resets = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3118") << f.message;
  EXPECT_THAT(f.message, HasSubstr("asked for a client certificate"));
}

// covers: U24
TEST(tls, a_connection_that_breaks_otherwise_says_nothing_of_certificates) {
  const tls_server server({.resets = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.code, "SLU-3118") << f.message;
  EXPECT_THAT(f.message, Not(HasSubstr("certificate")));
}

// covers: U24
TEST(tls, a_handshake_that_is_cut_is_a_broken_connection) {
  const tls_server server({.cut = true});
  const fetched f = ask(server, true);
  EXPECT_EQ(f.status, SLUICE_TRANSIENT);
  EXPECT_EQ(f.code, "SLU-3118") << f.message;
}

// covers: U24
TEST(tls, plain_http_on_a_tls_port_is_a_broken_connection) {
  const tls_server server({});
  std::string url = server.url();
  url.replace(0, 5, "http");
  EXPECT_EQ(ask(server, false, url).status, SLUICE_TRANSIENT);
}

}  // namespace
}  // namespace sluice::http_test

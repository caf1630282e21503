#include "observe/redactor.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace sluice::observe {

namespace {

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  const int n =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

}  // namespace

TEST(redactor, leaves_other_text_alone) {
  redactor r;
  EXPECT_EQ(r.redact("nothing is known yet"), "nothing is known yet");
  r.add("tr0ub4dor&3");
  EXPECT_EQ(r.redact(""), "");
  EXPECT_EQ(r.redact("tr0ub4dor&4"), "tr0ub4dor&4");
  EXPECT_FALSE(r.holds_secret("tr0ub4dor&"));
}

// covers: P22
TEST(redactor, takes_out_every_occurrence) {
  redactor r;
  r.add("tr0ub4dor&3");
  EXPECT_EQ(r.redact("a tr0ub4dor&3, tr0ub4dor&3tr0ub4dor&3"), "a [redacted], [redacted][redacted]");
  EXPECT_TRUE(r.holds_secret("xtr0ub4dor&3"));
}

// covers: P22
TEST(redactor, takes_out_the_longest_of_secrets_that_begin_alike) {
  redactor r;
  r.add("token");
  r.add("token-of-acme");
  EXPECT_EQ(r.redact("token-of-acme token"), "[redacted] [redacted]");
}

// covers: P22
TEST(redactor, takes_out_percent_encoded_and_json_forms) {
  redactor r;
  r.add("p/a ss\"w\n");
  EXPECT_EQ(r.redact("?q=p%2Fa%20ss%22w%0A&"), "?q=[redacted]&");
  EXPECT_EQ(r.redact("?q=p%2fa%20ss%22w%0a&"), "?q=[redacted]&");
  EXPECT_EQ(r.redact(R"({"k":"p/a ss\"w\n"})"), R"({"k":"[redacted]"})");
}

// covers: P22
TEST(redactor, takes_out_base64_at_any_alignment) {
  redactor r;
  const std::string secret = "s3cr3t-of-length-19";
  r.add(secret);
  for (const std::string user : {"", "u", "us", "use", "user:"}) {
    for (const std::string tail : {"", "x", "xy"}) {
      const std::string coded = base64(user + secret + tail);
      EXPECT_TRUE(r.holds_secret(coded)) << coded;
    }
  }
  EXPECT_EQ(r.redact("Basic " + base64(secret)).substr(0, 16), "Basic [redacted]");
}

TEST(redactor, does_not_look_for_values_too_short_to_be_secrets) {
  redactor r;
  r.add("a");
  r.add("");
  EXPECT_EQ(r.redact("banana"), "banana");
}

TEST(redactor, finds_binary_secrets) {
  redactor r;
  r.add(std::string("\0\xff\x01\x02key", 7));
  EXPECT_EQ(r.redact(std::string("<\0\xff\x01\x02key>", 9)), "<[redacted]>");
}

}  // namespace sluice::observe

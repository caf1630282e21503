// Which addresses may be connected to.
#include "http/addresses.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace sluice::http {
namespace {

bool may(const std::string& text, address_policy policy, const std::string& host = "crm.test") {
  sockaddr_storage out{};
  if (text.find(':') != std::string::npos) {
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&out);
    v6->sin6_family = AF_INET6;
    EXPECT_EQ(inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr), 1) << text;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&out);
    v4->sin_family = AF_INET;
    EXPECT_EQ(inet_pton(AF_INET, text.c_str(), &v4->sin_addr), 1) << text;
  }
  return may_connect(reinterpret_cast<const sockaddr&>(out), policy, host);
}

// covers: P24, U25
TEST(addresses, link_local_ones_are_for_those_who_spell_them_out) {
  for (const char* text : {"169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"}) {
    EXPECT_FALSE(may(text, address_policy::any)) << text;
  }
  EXPECT_TRUE(may("169.254.169.254", address_policy::any, "169.254.169.254"));
  EXPECT_TRUE(may("fe80::1", address_policy::any, "[fe80::1]"));
  for (const char* text : {"127.0.0.1", "::1", "10.1.2.3", "169.253.255.255", "169.255.0.0", "2001:db8::1"}) {
    EXPECT_TRUE(may(text, address_policy::any)) << text;
  }
}

// covers: P24, U25
TEST(addresses, of_the_public_are_none_of_this_machine_or_of_private_networks) {
  for (const char* text : {"127.0.0.1",
                           "0.0.0.0",
                           "10.0.0.0",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "169.254.169.254",
                           "172.16.0.0",
                           "172.31.255.255",
                           "192.168.1.1",
                           "198.18.0.1",
                           "203.0.113.7",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::1",
                           "::",
                           "fe80::1",
                           "fc00::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "64:ff9b::7f00:1"}) {
    EXPECT_FALSE(may(text, address_policy::of_public, text)) << text;
  }
  for (const char* text :
       {"9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1", "64:ff9b::808:808"}) {
    EXPECT_TRUE(may(text, address_policy::of_public)) << text;
  }
}

}  // namespace
}  // namespace sluice::http

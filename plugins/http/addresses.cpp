#include "addresses.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <optional>
#include <span>

namespace sluice::http {
namespace {

using bytes16 = std::array<std::uint8_t, 16>;

struct network {
  std::uint32_t address;
  int bits;
};
constexpr network link_local{0xA9FE0000, 16};
// What is no address of the internet: this host, private, shared, link-local, tests, multicast and the rest.
constexpr std::array<network, 13> not_public{{{0x00000000, 8},
                                              {0x0A000000, 8},
                                              {0x64400000, 10},
                                              {0x7F000000, 8},
                                              link_local,
                                              {0xAC100000, 12},
                                              {0xC0000000, 24},
                                              {0xC0000200, 24},
                                              {0xC0A80000, 16},
                                              {0xC6120000, 15},
                                              {0xC6336400, 24},
                                              {0xCB007100, 24},
                                              {0xE0000000, 3}}};

bool is_in(std::uint32_t address, network n) { return (address ^ n.address) >> (32 - n.bits) == 0; }

// The IPv4 address that an IPv6 one stands for: mapped, or behind NAT64.
std::optional<std::uint32_t> inner_v4(const bytes16& a) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF},
      nat64{0, 0x64, 0xFF, 0x9B};
  if (std::memcmp(a.data(), mapped.data(), 12) != 0 && std::memcmp(a.data(), nat64.data(), 12) != 0)
    return {};
  std::uint32_t out = 0;
  for (const std::uint8_t byte : std::span(a).subspan(12)) out = out << 8U | byte;
  return out;
}

bool is_public(const bytes16& a) {
  return (a[0] & 0xE0U) == 0x20;  // 2000::/3 is all that is given out
}

bool is_link_local(const bytes16& a) { return a[0] == 0xFE && (a[1] & 0xC0U) == 0x80; }

std::optional<std::uint32_t> v4_of(const sockaddr& address, bytes16& v6) {
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    return ntohl(in.sin_addr.s_addr);
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &address, sizeof in);
  std::memcpy(v6.data(), &in.sin6_addr, v6.size());
  return inner_v4(v6);
}

}  // namespace

std::string to_text(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> out{};
  bytes16 v6{};
  const auto v4 = v4_of(address, v6);
  const std::uint32_t net = v4 ? htonl(*v4) : 0;
  const void* from = v4 ? static_cast<const void*>(&net) : v6.data();
  return inet_ntop(v4 ? AF_INET : AF_INET6, from, out.data(), out.size()) == nullptr ? "" : out.data();
}

bool may_connect(const sockaddr& address, address_policy policy, const std::string& host) {
  if (address.sa_family != AF_INET && address.sa_family != AF_INET6) return false;
  bytes16 v6{};
  const auto v4 = v4_of(address, v6);
  if (policy == address_policy::of_public) {
    if (!v4) return is_public(v6);
    for (const network& n : not_public) {
      if (is_in(*v4, n)) return false;
    }
    return true;
  }
  const bool local = v4 ? is_in(*v4, link_local) : is_link_local(v6);
  return !local || host == to_text(address) || host == "[" + to_text(address) + "]";
}

}  // namespace sluice::http

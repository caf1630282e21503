// How often somebody may be wrong about a token: so many at once from one address, then so many a minute. Who is beyond
// that is told to come back, and the log hears of it once. A token that is right is never kept out. What is remembered
// has a bound: addresses beyond it count as one. On the one thread of the server's context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include <boost/asio/ip/address.hpp>

namespace sluice::server {

// As one of those that are counted: of IPv6 the network, since whoever has one has all of its addresses.
[[nodiscard]] std::string counted_as(const boost::asio::ip::address& from);

class wrong_tokens {
 public:
  // per_second 0: as often as they like.
  explicit wrong_tokens(double per_second, int at_once = 10, std::size_t most = 4'096)
      : per_second_(per_second), at_once_(at_once), most_(most) {}

  struct verdict {
    std::int64_t wait_us = 0;  // 0: within what is allowed
    bool first = true;         // since it was
  };
  // One came from there.
  verdict count(const std::string& from, std::int64_t now_us);
  [[nodiscard]] std::size_t remembered() const noexcept { return known_.size(); }

 private:
  struct bucket {
    double left = 0;
    std::int64_t at_us = 0;
    bool told = false;
  };
  [[nodiscard]] double left(const bucket& b, std::int64_t now_us) const;
  [[nodiscard]] bucket& of(const std::string& from, std::int64_t now_us);

  double per_second_, at_once_;
  std::size_t most_;
  std::map<std::string, bucket> known_;
  std::int64_t looked_us_ = 0;  // for those that can be forgotten
};

}  // namespace sluice::server

#include "server/wrong_tokens.hpp"

#include <algorithm>
#include <cmath>

namespace sluice::server {

std::string counted_as(const boost::asio::ip::address& from) {
  namespace ip = boost::asio::ip;
  if (from.is_v4()) return from.to_string();
  const ip::address_v6 six = from.to_v6();
  if (six.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, six).to_string();
  ip::address_v6::bytes_type network = six.to_bytes();
  std::fill(network.begin() + 8, network.end(), static_cast<unsigned char>(0));
  return ip::address_v6(network).to_string() + "/64";
}

double wrong_tokens::left(const bucket& b, std::int64_t now_us) const {
  return std::min(at_once_, b.left + static_cast<double>(now_us - b.at_us) * per_second_ / 1e6);
}

// Once a second at most it is looked whether some can be forgotten: else whoever has many addresses has us look always.
wrong_tokens::bucket& wrong_tokens::of(const std::string& from, std::int64_t now_us) {
  constexpr std::int64_t every_us = 1'000'000;
  const auto fresh = bucket{at_once_, now_us, false};
  if (const auto at = known_.find(from); at != known_.end()) return at->second;
  if (known_.size() >= most_ && now_us - looked_us_ >= every_us) {
    looked_us_ = now_us;
    std::erase_if(known_, [&](const auto& k) { return left(k.second, now_us) >= at_once_; });
  }
  if (known_.size() < most_) return known_.emplace(from, fresh).first->second;
  return known_.try_emplace("others", fresh).first->second;
}

wrong_tokens::verdict wrong_tokens::count(const std::string& from, std::int64_t now_us) {
  if (per_second_ <= 0) return {};
  bucket& b = of(from, now_us);
  b.left = left(b, now_us);
  b.at_us = now_us;
  if (b.left >= 1) {
    b.left -= 1;
    b.told = false;
    return {};
  }
  const verdict out{static_cast<std::int64_t>(std::ceil((1 - b.left) * 1e6 / per_second_)), !b.told};
  b.told = true;
  return out;
}

}  // namespace sluice::server

// Amounts as payment systems count them: in the smallest unit of their currency, which is a hundredth of most, a
// thousandth of some, and the whole of others.
#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>

namespace credits {

// Currencies whose smallest unit is no hundredth, by ISO 4217 (list one, "minor unit").
inline constexpr std::array no_digits{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                      "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
inline constexpr std::array three_digits{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
inline constexpr std::array four_digits{"CLF", "UYW"};

class minor_units {
 public:
  // `own`: digits by currency that go before those of ISO 4217.
  explicit minor_units(std::map<std::string, int, std::less<>> own = {}) : own_(std::move(own)) {}

  // How many digits after the point an amount in the currency's smallest unit stands for.
  [[nodiscard]] int digits(std::string_view currency) const {
    if (const auto at = own_.find(currency); at != own_.end()) return at->second;
    const auto in = [&](const auto& list) { return std::ranges::find(list, currency) != list.end(); };
    if (in(no_digits)) return 0;
    if (in(three_digits)) return 3;
    return in(four_digits) ? 4 : 2;
  }

  // 1250 of EUR is 12.50, of JPY 1250, of KWD 1.250. `amount` is a plain decimal, and may have digits of its own.
  [[nodiscard]] std::string major(std::string_view amount, std::string_view currency) const {
    const auto move = static_cast<std::size_t>(digits(currency));
    if (move == 0) return std::string(amount);
    const bool minus = amount.starts_with('-');
    if (minus) amount.remove_prefix(1);
    const std::size_t point = amount.find('.');
    std::string whole(amount.substr(0, point));
    if (whole.size() <= move) whole.insert(0, move + 1 - whole.size(), '0');
    std::string out = minus ? "-" : "";
    out.append(whole, 0, whole.size() - move).append(1, '.').append(whole, whole.size() - move);
    if (point != std::string_view::npos) out += amount.substr(point + 1);
    return out;
  }

 private:
  std::map<std::string, int, std::less<>> own_;
};

}  // namespace credits

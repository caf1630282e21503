// Text with ${name} in it, parsed once and expanded for each request. `$${` stands for `${`.
//
//   const text_template path("/v1/tenants/${tenant}/users");
//   path.expand(request.variables(), encoding::segment);
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/failure.hpp>
#include <sluice/vars.hpp>

namespace sluice {

// How a value is written into the text around it. The text of the template itself is never changed.
enum class encoding : std::uint8_t {
  none,     // as it is
  segment,  // percent-encoded: one segment of a path, whatever it holds
  query,    // percent-encoded: one name or value of a query
};

// Percent-encodes all bytes but RFC 3986's unreserved ones.
inline void append_percent_encoded(std::string& out, std::string_view value) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  constexpr std::string_view marks = "-._~";
  for (const char c : value) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || marks.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    }
  }
}
[[nodiscard]] inline std::string percent_encoded(std::string_view value) {
  std::string out;
  append_percent_encoded(out, value);
  return out;
}

class text_template {
 public:
  text_template() = default;
  // Throws failure (invalid) when a `${` does not end or names nothing.
  explicit text_template(std::string_view text) : text_(text) { parse(); }

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The names that it needs, in order of appearance.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const piece& p : pieces_) {
      if (p.variable) out.push_back(p.text);
    }
    return out;
  }

  // Throws failure (invalid) that names the variable that is missing, or, with encoding::segment, the
  // one whose value would be an empty or a dot segment and so another path.
  [[nodiscard]] std::string expand(const vars& values, encoding how = encoding::none) const {
    std::string out;
    for (const piece& p : pieces_) {
      if (!p.variable) {
        out += p.text;
        continue;
      }
      const std::string* value = values.find(p.text);
      if (value == nullptr) {
        throw failure(status::invalid, codes::unknown_variable,
                      "`" + text_ + "` needs `${" + p.text + "}`, which has no value here");
      }
      if (how == encoding::none) {
        out += *value;
        continue;
      }
      if (how == encoding::segment && p.whole_segment) check_segment(p.text, *value);
      append_percent_encoded(out, *value);
    }
    return out;
  }

 private:
  struct piece {
    std::string text;  // as it is, or a variable's name
    bool variable = false;
    bool whole_segment = false;  // stands alone between two slashes
  };

  void check_segment(const std::string& name, const std::string& value) const {
    if (!value.empty() && value != "." && value != "..") return;
    throw failure(status::invalid, codes::unsafe_segment,
                  "`" + text_ + "`: the value of `${" + name + "}` is " +
                      (value.empty() ? "empty" : "`" + value + "`") + ", which would ask for another path");
  }

  void parse() {
    std::string plain;
    for (std::size_t at = 0; at < text_.size();) {
      const std::string_view rest = std::string_view(text_).substr(at);
      if (rest.starts_with("$${")) {
        plain += "${";
        at += 3;
      } else if (rest.starts_with("${")) {
        at = parse_variable(at, plain);
      } else {
        plain += rest.front();
        ++at;
      }
    }
    if (!plain.empty()) pieces_.push_back({std::move(plain), false, false});
  }

  // Returns where the text goes on.
  std::size_t parse_variable(std::size_t at, std::string& plain) {
    const std::size_t close = text_.find('}', at);
    if (close == std::string::npos || close == at + 2) {
      throw failure(status::invalid, codes::bad_template,
                    "`" + text_ + "`: the `${` at character " + std::to_string(at + 1) +
                        (close == std::string::npos ? " has no `}`" : " names nothing") +
                        "; write `$${` for a plain `${`");
    }
    const bool starts = at == 0 || text_[at - 1] == '/';
    const bool ends =
        close + 1 == text_.size() || std::string_view("/?#").find(text_[close + 1]) != std::string_view::npos;
    if (!plain.empty()) pieces_.push_back({std::exchange(plain, {}), false, false});
    pieces_.push_back({text_.substr(at + 2, close - at - 2), true, starts && ends});
    return close + 1;
  }

  std::string text_;
  std::vector<piece> pieces_;
};

}  // namespace sluice

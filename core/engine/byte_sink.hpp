// Bytes put one piece after the other, most of them short. Strings and vectors look at every piece more closely than
// that needs, and all of what a row holds comes through here.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace sluice::engine {

class byte_sink {
 public:
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] std::string_view view(std::size_t from, std::size_t size) const noexcept {
    return {bytes_.data() + from, size};
  }

  void put(char c) { *room(1) = c, ++size_; }
  void put(std::string_view text) {
    copy(room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  template <class T>
  void value(T v) {
    std::memcpy(room(sizeof v), &v, sizeof v);
    size_ += sizeof v;
  }
  void count(std::int64_t n) {
    char* const to = room(20);
    if (n >= 0 && n < 10) {
      *to = static_cast<char>('0' + n), ++size_;
    } else {
      size_ += static_cast<std::size_t>(std::to_chars(to, to + 20, n).ptr - to);
    }
  }
  // Writes over what stands at `at`.
  template <class T>
  void value_at(std::size_t at, T v) {
    std::memcpy(bytes_.data() + at, &v, sizeof v);
  }
  // Everything behind `size` goes.
  void cut(std::size_t size) noexcept { size_ = size; }

 private:
  [[nodiscard]] char* room(std::size_t more) {
    if (bytes_.size() - size_ < more) bytes_.resize(2 * (size_ + more));
    return bytes_.data() + size_;
  }
  // Never reads past `size`, whatever stands behind it.
  static void copy(char* to, const char* from, std::size_t size) noexcept {
    if (size > 16) {
      std::memcpy(to, from, size);
    } else if (size >= 8) {
      ends<8>(to, from, size);
    } else if (size >= 4) {
      ends<4>(to, from, size);
    } else {
      for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
    }
  }
  // Both ends, which overlap.
  template <std::size_t n>
  static void ends(char* to, const char* from, std::size_t size) noexcept {
    char head[n], tail[n];
    std::memcpy(head, from, n), std::memcpy(tail, from + size - n, n);
    std::memcpy(to, head, n), std::memcpy(to + size - n, tail, n);
  }

  std::vector<char> bytes_ = std::vector<char>(1024);
  std::size_t size_ = 0;
};

}  // namespace sluice::engine

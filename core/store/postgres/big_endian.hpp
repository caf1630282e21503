// Numbers in the byte order of PostgreSQL's protocol.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

namespace sluice::store::postgres {

template <class T>
void append_raw(std::string& out, T value) {
  if constexpr (std::endian::native == std::endian::little) {
    if constexpr (sizeof(T) == 8)
      value = static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)));
    if constexpr (sizeof(T) == 4)
      value = static_cast<T>(__builtin_bswap32(static_cast<std::uint32_t>(value)));
    if constexpr (sizeof(T) == 2)
      value = static_cast<T>(__builtin_bswap16(static_cast<std::uint16_t>(value)));
  }
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

}  // namespace sluice::store::postgres

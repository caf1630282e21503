// Texts spread evenly, the same way on every host and in every version: FNV-1a, then mixed.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::host {

[[nodiscard]] inline std::uint64_t spread(std::string_view text, std::uint64_t salt) {
  std::uint64_t h = 0xcbf29ce484222325ULL ^ (salt * 0x9e3779b97f4a7c15ULL);
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ULL;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebULL;
  return h ^ (h >> 31);
}

}  // namespace sluice::host

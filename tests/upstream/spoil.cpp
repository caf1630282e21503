#include "upstream/spoil.hpp"

#include <algorithm>

#include <zlib.h>

namespace sluice::upstream {
namespace {

// Where the JSON value that begins at `at` ends.
std::size_t end_of_value(std::string_view json, std::size_t at) {
  int depth = 0;
  bool inside = false;
  for (; at < json.size(); ++at) {
    const char c = json[at];
    if (inside) {
      if (c == '\\') ++at;
      else if (c == '"') inside = false;
      if (!inside && depth == 0 && c == '"') return at + 1;
      continue;
    }
    if (c == '"') inside = true;
    else if (c == '{' || c == '[') ++depth;
    else if ((c == '}' || c == ']') && depth-- == 0) return at;
    else if (c == ',' && depth == 0) return at;
    if ((c == '}' || c == ']') && depth == 0) return at + 1;
  }
  return at;
}

std::string replace_values(std::string_view page, const fault& f) {
  const std::string key = '"' + f.key + "\":";
  std::string out;
  std::size_t done = 0;
  for (std::uint32_t n = 0; n < f.count; ++n) {
    const std::size_t at = page.find(key, done);
    if (at == std::string_view::npos) break;
    const std::size_t end = end_of_value(page, at + key.size());
    out += page.substr(done, at - done);
    if (f.what == "replace") {
      out += key + f.with[std::min<std::size_t>(n, f.with.size() - 1)];
      done = end;
    } else {
      done = page[end] == ',' ? end + 1 : end;  // the last key: its comma stands before it
      if (done == end && out.back() == ',') out.pop_back();
    }
  }
  return out += page.substr(done);
}

// Of ASCII, which is all that tests ask for; other bytes become what they would be in Latin-1.
std::string utf16(std::string_view page) {
  std::string out = "\xff\xfe";
  for (const char c : page) {
    out += c;
    out += '\0';
  }
  return out;
}

void put_block(std::string& out, std::string_view bytes, bool last) {
  constexpr std::uint32_t stored = 0, repeated = 1;
  const bool same = std::all_of(bytes.begin(), bytes.end(), [&](char c) { return c == bytes.front(); });
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const std::uint32_t head = (last ? 1U : 0U) | (same ? repeated : stored) << 1U | size << 3U;
  for (unsigned shift = 0; shift < 24; shift += 8) out += static_cast<char>(head >> shift & 0xFFU);
  out += same ? bytes.substr(0, 1) : bytes;
}

}  // namespace

std::string spoil_text(std::string_view page, const fault& f) {
  if (f.what == "replace" || f.what == "drop") return replace_values(page, f);
  if (f.what == "bom") return "\xef\xbb\xbf" + std::string(page);
  return f.what == "utf16" ? utf16(page) : std::string(page);
}

std::string gzip(std::string_view plain) {
  z_stream z{};
  deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, plain.size()), '\0');
  std::string input(plain);  // zlib's pointers are not const
  z.next_in = reinterpret_cast<Bytef*>(input.data());
  z.avail_in = static_cast<uInt>(input.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(std::string_view plain) {
  constexpr std::size_t block = 128U << 10U;
  std::string out("\x28\xb5\x2f\xfd\x00\x50", 6);  // magic, no content size, a window of 1 MiB
  do {
    const std::string_view piece = plain.substr(0, block);
    plain.remove_prefix(piece.size());
    if (piece.empty()) out += std::string("\x01\0\0", 3);  // one empty block, the last
    else put_block(out, piece, plain.empty());
  } while (!plain.empty());
  return out;
}

}  // namespace sluice::upstream

#include "files/cutter.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "files/codes.hpp"
#include "files/settings.hpp"

namespace sluice::files {

namespace {

constexpr std::uint64_t chunk = 256U << 10;

bool is_space(char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; }

// Goes over the bytes of a piece and knows where its last whole record ends.
class scanner {
 public:
  scanner(const cut_limits& want, bool quotes) : want_(want), quotes_(quotes) {}

  // Looks at what was appended since; true when the piece is complete.
  bool look(std::string_view piece) {
    for (; at_ < piece.size(); ++at_) {
      const char c = piece[at_];
      if (full_) {  // white space still belongs to the piece, so that the next one begins with a record
        if (!is_space(c)) return true;
        end_ = at_ + 1;
        continue;
      }
      if (c == '"' && quotes_) inside_ = !inside_;
      if (!is_space(c)) something_ = true;
      if (c != '\n' || inside_) continue;
      if (something_ && records_ > 0 && at_ + 1 > want_.bytes) return true;
      if (something_) ++records_;
      something_ = false;
      end_ = at_ + 1;
      full_ = records_ >= want_.records || (records_ > 0 && end_ >= want_.bytes);
    }
    // The next record would make the piece larger than wished for.
    if (!full_ && records_ > 0 && piece.size() >= want_.bytes) {
      at_ = end_;
      full_ = true;
      return look(piece);
    }
    return false;
  }
  [[nodiscard]] std::size_t end() const noexcept { return end_; }

 private:
  cut_limits want_;
  bool quotes_, inside_ = false, something_ = false, full_ = false;
  std::size_t at_ = 0, end_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace

void read_exactly(const file& f, std::uint64_t offset, std::uint64_t size, const call& c, page_body& body) {
  while (size > 0) {
    c.throw_if_cancelled();
    const std::size_t before = body.size();
    const auto part = static_cast<std::size_t>(std::min(size, chunk));
    body.resize(before + part);
    const ssize_t got = ::pread(f.open.get(), body.data() + before, part, static_cast<off_t>(offset));
    const int error = errno;
    body.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) {
      throw failure(status::transient, codes::unreadable,
                    "`" + f.name + "` can't be read: " + std::generic_category().message(error));
    }
    if (got == 0) {
      throw failure(status::invalid, codes::changed,
                    "`" + f.name + "` became shorter while it was read; sync again when it is complete");
    }
    size -= static_cast<std::uint64_t>(got);
    offset += static_cast<std::uint64_t>(got);
  }
}

std::uint64_t cut(const file& f, std::uint64_t offset, const cut_limits& want, bool quotes, const call& c,
                  page_body& body) {
  const std::size_t head = body.size();
  scanner scan(want, quotes);
  for (std::uint64_t at = offset; at < f.size;) {
    const std::uint64_t part = std::min(chunk, f.size - at);
    read_exactly(f, at, part, c, body);
    at += part;
    if (scan.look(body.view().substr(head))) {
      body.resize(head + scan.end());
      return offset + scan.end();
    }
    if (at - offset > max_page_bytes + chunk) {
      throw failure(status::invalid, codes::too_large,
                    "`" + f.name + "` has a record of more than 32 MiB at byte " +
                        std::to_string(offset + scan.end()) + "; is it really one record a line?");
    }
  }
  return f.size;
}

}  // namespace sluice::files

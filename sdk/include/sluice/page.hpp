// One page as a source hands it over: its bytes, or an Arrow batch, and where the next page begins.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/abi/source.h>
#include <sluice/arrow_schema.hpp>
#include <sluice/detail/text.hpp>
#include <sluice/failure.hpp>

namespace sluice {

inline constexpr std::size_t max_page_state = 4096;

// Bytes that grow at the end and always have SLUICE_BODY_PADDING readable bytes behind them, so that
// the host parses them where they are. Reserve once from Content-Length and nothing is copied.
class page_body {
 public:
  page_body() noexcept = default;
  explicit page_body(std::string_view bytes) { append(bytes); }
  page_body(page_body&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  page_body& operator=(page_body&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~page_body() { std::free(data_); }

  // Room for `bytes` in all.
  void reserve(std::size_t bytes) {
    if (data_ != nullptr && bytes + SLUICE_BODY_PADDING <= capacity_) return;
    grow(bytes + SLUICE_BODY_PADDING);
  }
  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    if (const std::size_t need = size_ + bytes.size() + SLUICE_BODY_PADDING; need > capacity_) {
      grow(std::max(need, 2 * capacity_));
    }
    std::memcpy(data_ + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  // Makes the size `bytes`; what is new has no defined content: read a file straight into it.
  void resize(std::size_t bytes) {
    reserve(bytes);
    size_ = bytes;
  }
  [[nodiscard]] char* data() noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }

  // Makes the padding readable and zero. Called when the page is handed over.
  void seal() {
    reserve(size_);
    std::memset(data_ + size_, 0, SLUICE_BODY_PADDING);
  }

 private:
  void grow(std::size_t capacity) {
    auto* moved = static_cast<char*>(std::realloc(data_, capacity));
    if (moved == nullptr) throw std::bad_alloc();
    data_ = moved;
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

enum class page_format : std::int32_t {
  json = SLUICE_FORMAT_JSON,
  ndjson = SLUICE_FORMAT_NDJSON,
  csv = SLUICE_FORMAT_CSV,
  arrow = SLUICE_FORMAT_ARROW,
};

struct page {
  page_format format = page_format::json;
  page_body body;                    // as decoded from the transport
  array_handle rows;                 // with arrow: one batch,
  schema_handle schema;              // and what it looks like
  std::string next_state;            // what to pass for the next page; at most 4 KiB
  bool end = true;                   // the last page: next_state is ignored
  std::int64_t declared_total = -1;  // records that the upstream says there are; -1: it doesn't say
  std::uint64_t wire_bytes = 0;      // received, for metrics
  int http_status = 0;
  // Places from which the rest can be read at the same time, each on its own to its end. For a first page that
  // knows how many there are: it may end its own part and name those of all others.
  std::vector<std::string> parts;
};

namespace detail {

struct owned_page {
  page from;
  std::string parts_json;
};

// A JSON array of texts.
[[nodiscard]] inline std::string json_texts(const std::vector<std::string>& texts) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const std::string& text : texts) {
    out += out.empty() ? "[\"" : ",\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      if (static_cast<unsigned char>(c) >= ' ') out += c;
      else (out += "\\u00") += {digits[(c >> 4) & 1], digits[c & 15]};
    }
    out += '"';
  }
  return out.empty() ? out : out + "]";
}

inline void release_page(sluice_page* p) {
  delete static_cast<owned_page*>(p->impl);
  p->impl = nullptr;
  p->release = nullptr;
}

// Moves a page into the struct that crosses the boundary. Throws when no host could take it.
[[nodiscard]] inline sluice_page export_page(page&& from) {
  if (!from.end && from.next_state.empty()) {
    throw failure(status::internal, codes::page_invalid,
                  "the source says that more pages follow but not where: set next_state or end");
  }
  if (!from.end && from.next_state.size() > max_page_state) {
    throw failure(status::invalid, codes::page_invalid,
                  "the state of the next page has " + std::to_string(from.next_state.size()) +
                      " bytes; at most 4096 can be kept");
  }
  auto all = std::make_unique<owned_page>(owned_page{std::move(from), {}});
  page* const owned = &all->from;
  all->parts_json = json_texts(owned->parts);
  owned->body.seal();
  sluice_page out{};
  out.size = sizeof out;
  out.format = static_cast<std::int32_t>(owned->format);
  out.body = str(owned->body.view());
  out.body_capacity = owned->body.capacity();
  if (owned->format == page_format::arrow) {
    out.array = owned->rows.raw();
    out.schema = owned->schema.raw();
  }
  out.next_state = str(owned->next_state);
  out.end = owned->end ? 1 : 0;
  out.declared_total = owned->declared_total;
  out.wire_bytes = owned->wire_bytes;
  out.http_status = owned->http_status;
  out.release = release_page;
  out.parts_json = str(all->parts_json);
  out.impl = all.release();
  return out;
}

}  // namespace detail
}  // namespace sluice

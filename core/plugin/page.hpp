// One page that a source handed over. Owns it; move-only; releases it exactly once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/abi/source.h>

namespace sluice::plugin {

enum class page_format : std::int32_t {
  json = SLUICE_FORMAT_JSON,
  ndjson = SLUICE_FORMAT_NDJSON,
  csv = SLUICE_FORMAT_CSV,
  arrow = SLUICE_FORMAT_ARROW,
};

class page {
 public:
  explicit page(sluice_page&& taken) noexcept : page_(taken) { taken.release = nullptr; }
  page(page&& other) noexcept : page(std::move(other.page_)) {}
  page& operator=(page&& other) noexcept {
    if (this != &other) {
      reset();
      page_ = std::exchange(other.page_, {});
    }
    return *this;
  }
  ~page() { reset(); }

  [[nodiscard]] page_format format() const noexcept { return static_cast<page_format>(page_.format); }
  [[nodiscard]] std::string_view body() const noexcept { return {page_.body.data, page_.body.len}; }
  // Bytes that may be read from body().data() on; a parser works in place when there are
  // SLUICE_BODY_PADDING more than the body has.
  [[nodiscard]] std::size_t body_capacity() const noexcept { return page_.body_capacity; }
  [[nodiscard]] const ArrowArray* array() const noexcept { return page_.array; }
  [[nodiscard]] const ArrowSchema* schema() const noexcept { return page_.schema; }
  [[nodiscard]] std::string_view next_state() const noexcept {
    return {page_.next_state.data, page_.next_state.len};
  }
  [[nodiscard]] bool end() const noexcept { return page_.end != 0; }
  [[nodiscard]] std::int64_t declared_total() const noexcept { return page_.declared_total; }  // -1 = unknown
  [[nodiscard]] std::uint64_t wire_bytes() const noexcept { return page_.wire_bytes; }
  // Where other parts of the read begin.
  [[nodiscard]] std::vector<std::string> parts() const;
  [[nodiscard]] std::int32_t http_status() const noexcept { return page_.http_status; }

 private:
  void reset() noexcept {
    if (page_.release != nullptr) page_.release(&page_);
    page_.release = nullptr;
  }

  sluice_page page_;
};

// What a plugin gave, which may be of an older and shorter make; its owner is the caller now.
[[nodiscard]] sluice_page take_page(sluice_page& given);

// Proves that a page keeps the contract of abi/source.h. Empty: it does; else what is wrong.
[[nodiscard]] std::string check_page(const sluice_page& page);

}  // namespace sluice::plugin

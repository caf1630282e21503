// The one place where a plugin's exceptions stop: guard runs a function and turns whatever it
// throws into a status and a sluice_error.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include <sluice/abi/base.h>
#include <sluice/detail/text.hpp>
#include <sluice/failure.hpp>

namespace sluice::detail {

struct error_texts {
  std::string message, code;
};

inline void release_error(sluice_error* e) {
  delete static_cast<error_texts*>(e->impl);
  e->impl = nullptr;
  e->release = nullptr;
}

// Fills what the caller's view of the struct has room for. Without room for `release` the texts
// could not be given back, so they are left out: the status still says what to do.
inline void fill_error(sluice_error* e, const failure& f) noexcept {
  if (e == nullptr) return;
  if (SLUICE_HAS(e, sluice_error, retry_after_ms)) {
    const auto ms =
        std::clamp<std::int64_t>(f.retry_after().count(), 0, std::numeric_limits<std::int32_t>::max());
    e->retry_after_ms = static_cast<std::int32_t>(ms);
  }
  if (SLUICE_HAS(e, sluice_error, http_status)) e->http_status = f.http_status();
  if (!SLUICE_HAS(e, sluice_error, impl)) return;
  auto* texts = new (std::nothrow) error_texts;
  if (texts == nullptr) return;
  try {
    texts->message = f.message();
    texts->code = f.code();
  } catch (const std::bad_alloc&) {  // a status without words is still an answer
  }
  e->message = str(texts->message);
  e->code = str(texts->code);
  e->impl = texts;
  e->release = release_error;
}

// The failure that an error of the host's stands for; releases the error.
[[nodiscard]] inline failure take_error(sluice_status s, sluice_error& e) {
  const auto give_back = [](sluice_error* given) {
    if (given->release != nullptr) given->release(given);
  };
  const std::unique_ptr<sluice_error, decltype(give_back)> released(&e, give_back);
  return {static_cast<status>(s), std::string(view(e.code)), std::string(view(e.message)),
          std::chrono::milliseconds(e.retry_after_ms), e.http_status};
}

inline sluice_status report(sluice_error* e, const failure& f) noexcept {
  fill_error(e, f);
  return static_cast<sluice_status>(f.kind());
}

inline sluice_status report_defect(sluice_error* e, const char* what) noexcept {
  try {
    return report(e, failure(status::internal, codes::plugin_defect,
                             std::string("the plugin failed: ") + what + "; report this to its authors"));
  } catch (...) {
    return SLUICE_INTERNAL;
  }
}

template <class Fn>
sluice_status guard(sluice_error* e, Fn&& fn) noexcept {
  try {
    std::forward<Fn>(fn)();
    return SLUICE_OK;
  } catch (const failure& f) {
    return report(e, f);
  } catch (const std::bad_alloc&) {  // texts this short need no memory
    return report(e, failure(status::transient, codes::out_of_memory, "out of memory"));
  } catch (const std::exception& x) {
    return report_defect(e, x.what());
  } catch (...) {
    return report_defect(e, "it threw something that is not a std::exception");
  }
}

}  // namespace sluice::detail

// Named places where a test build can be made to die, fail or wait: SLUICE_FAILPOINT("commit.after_rows").
// Without SLUICE_NO_FAILPOINTS each is one look at a pointer that is null; with it (release) it is nothing.
// What a hit does is decided by whoever sets the hook: host/failpoints.hpp by the environment, or a test.
// The tests find the points by their text, so a new one is tried without being listed anywhere.
#pragma once

#ifdef SLUICE_NO_FAILPOINTS
#  define SLUICE_FAILPOINT(name) static_cast<void>(0)
#else
#  include <atomic>

namespace sluice::engine {

// May throw what a store or a source could throw there.
using failpoint_hook = void (*)(const char* name);
inline std::atomic<failpoint_hook> on_failpoint{nullptr};

inline void failpoint(const char* name) {
  if (const failpoint_hook hook = on_failpoint.load(std::memory_order_acquire)) hook(name);
}

}  // namespace sluice::engine

#  define SLUICE_FAILPOINT(name) ::sluice::engine::failpoint(name)
#endif

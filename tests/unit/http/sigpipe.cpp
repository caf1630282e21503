// A peer that closes while something is written to it must not end the test program, as it doesn't end a host.
#include <csignal>

namespace {
[[maybe_unused]] const auto ignored = std::signal(SIGPIPE, SIG_IGN);
}

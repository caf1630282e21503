#include "observe/fd_sink.hpp"

#include <cerrno>
#include <csignal>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace sluice::observe {

namespace {

// Keeps the SIGPIPE of a write from this thread, and only that one, from reaching the program.
class sigpipe_guard {
 public:
  sigpipe_guard() noexcept {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  sigpipe_guard(const sigpipe_guard&) = delete;
  sigpipe_guard& operator=(const sigpipe_guard&) = delete;
  ~sigpipe_guard() {
    const timespec none{};
    while (raised && !was_pending_ && sigtimedwait(&pipe_, nullptr, &none) == -1 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  bool raised = false;

 private:
  sigset_t pipe_{}, before_{};
  bool was_pending_ = false;
};

bool write_all(int fd, std::string_view text) noexcept {
  sigpipe_guard guard;
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd room{fd, POLLOUT, 0};
      if (::poll(&room, 1, 100) != 1) return false;  // a reader that stands still must not stop the host
    } else if (errno != EINTR) {
      guard.raised = errno == EPIPE;
      return false;
    }
  }
  return true;
}

}  // namespace

void fd_sink::sink_it_(const spdlog::details::log_msg& line) {
  spdlog::memory_buf_t text;
  text.append(line.payload.begin(), line.payload.end());
  text.push_back('\n');
  if (!write_all(fd_, {text.data(), text.size()})) count_lost();
}

}  // namespace sluice::observe

// Cuts the connection to a server that says nothing any more. A server that stands still (paused, its
// disk hung) keeps its sockets open: the kernel answers for it, so keepalives and tcp_user_timeout see
// nothing, and its own statement_timeout stands still with it.
#pragma once

#include <chrono>
#include <memory>

namespace sluice::store::postgres {

// One connection's socket. Times one call after the other.
class watched_socket {
 public:
  explicit watched_socket(int fd);  // keeps a duplicate: the number may be given to another file
  ~watched_socket();
  watched_socket(const watched_socket&) = delete;
  watched_socket& operator=(const watched_socket&) = delete;

  void begin(std::chrono::milliseconds limit);  // zero: no limit
  void end() noexcept;
  [[nodiscard]] bool cut() const noexcept;

 private:
  struct entry;
  class keeper;
  std::shared_ptr<entry> entry_;
};

// One call to the server; a call within a call changes nothing.
class timed_call {
 public:
  timed_call(watched_socket& socket, std::chrono::milliseconds limit) : socket_(socket) {
    socket_.begin(limit);
  }
  ~timed_call() { socket_.end(); }
  timed_call(const timed_call&) = delete;
  timed_call& operator=(const timed_call&) = delete;

 private:
  watched_socket& socket_;
};

}  // namespace sluice::store::postgres

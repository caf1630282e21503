// The simulated upstream as a server on the loopback interface: the api behind HTTP/1.1, with the faults that only
// a transport can have. Used as a program (main.cpp) and, in tests, inside the test's own process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "upstream/api.hpp"

namespace sluice::upstream {

class server {
 public:
  // Listens when it returns. Throws std::runtime_error when the port can't be had.
  explicit server(options);
  ~server();  // closes all connections

  [[nodiscard]] std::uint16_t port() const noexcept;
  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:PORT"
  [[nodiscard]] api& data() noexcept;
  [[nodiscard]] std::uint64_t connections() const noexcept;  // accepted so far

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::upstream

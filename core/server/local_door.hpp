// A socket in the file system, for those who administer the host: its own user and root. They need no token there, since
// the operating system says who they are.
#pragma once

#include <filesystem>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace sluice::server {

class local_door {
 public:
  // Listens from here on. A file that a dead host has left is replaced. Throws engine::failure (SLU-7114).
  local_door(boost::asio::io_context& context, std::filesystem::path at);
  local_door(const local_door&) = delete;
  local_door& operator=(const local_door&) = delete;
  // Takes the file away.
  ~local_door();

  [[nodiscard]] const std::filesystem::path& at() const noexcept { return at_; }
  boost::asio::local::stream_protocol::acceptor& acceptor() noexcept { return acceptor_; }

 private:
  std::filesystem::path at_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
};

// "uid 0", by what the system knows of the other end of a socket; empty: it is somebody who needs a token.
[[nodiscard]] std::string administrator_behind(int socket);

}  // namespace sluice::server

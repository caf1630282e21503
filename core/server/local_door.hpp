// A socket in the file system, for those who administer the host: its own user, root, and a group if there is one. They
// need no token there, since the operating system says who they are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

namespace sluice::server {

class local_door {
 public:
  // Listens from here on. A file that a dead host has left is replaced. `of_group`: who is in it may, too; empty: nobody.
  // Throws engine::failure (SLU-7114).
  local_door(boost::asio::io_context& context, std::filesystem::path at, const std::string& of_group);
  local_door(const local_door&) = delete;
  local_door& operator=(const local_door&) = delete;
  // Takes the file away.
  ~local_door();

  [[nodiscard]] const std::filesystem::path& at() const noexcept { return at_; }
  [[nodiscard]] std::optional<gid_t> group() const noexcept { return group_; }
  boost::asio::local::stream_protocol::acceptor& acceptor() noexcept { return acceptor_; }

 private:
  std::filesystem::path at_;
  std::optional<gid_t> group_;
  boost::asio::local::stream_protocol::acceptor acceptor_;
};

// "uid 0", by what the system knows of the other end of a socket; empty: it is somebody who needs a token.
[[nodiscard]] std::string administrator_behind(int socket, std::optional<gid_t> group);

}  // namespace sluice::server

// The bytes of one connection, whatever carries them: TCP in clear, TLS, or a socket of the file system. Connections know
// no more of it than this. On the one thread of the server's context.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/system/error_code.hpp>

namespace boost::asio::ssl {
class context;
}

namespace sluice::server {

class channel {
 public:
  using error_code = boost::system::error_code;
  template <class T>
  using awaitable = boost::asio::awaitable<T>;

  virtual ~channel() = default;
  // What both sides have to agree on before anything else.
  virtual awaitable<void> open(error_code& failed) = 0;
  virtual awaitable<std::size_t> read(boost::asio::mutable_buffer into, error_code& failed) = 0;
  virtual awaitable<void> write(std::string_view text, error_code& failed) = 0;  // all of it
  // Says that nothing more comes, as far as the other side still listens.
  virtual awaitable<void> end() = 0;
  // After end(): takes what the other side still sends, at most so many bytes, and drops it. To close while something is
  // unread makes the other side lose what it was told.
  virtual awaitable<void> drop(std::size_t most) = 0;
  // What then takes longer fails with beast::error::timeout, and the connection is closed. 0: whatever it takes.
  virtual void patience(int seconds) = 0;
  virtual void close() = 0;

  // Nobody on the way can read it, and the other side has seen who we are.
  [[nodiscard]] virtual bool encrypted() const { return false; }
  // Where the other side is, as counted_as() has it; empty: on this machine.
  [[nodiscard]] virtual std::string address() const { return {}; }
  // Who is known by the operating system to be one of those who administer the host; empty: nobody.
  [[nodiscard]] virtual std::string administrator() const { return {}; }
};

[[nodiscard]] std::unique_ptr<channel> clear_channel(boost::asio::ip::tcp::socket socket);
[[nodiscard]] std::unique_ptr<channel> tls_channel(boost::asio::ip::tcp::socket socket,
                                                   std::shared_ptr<boost::asio::ssl::context> with);
[[nodiscard]] std::unique_ptr<channel> local_channel(boost::asio::local::stream_protocol::socket socket,
                                                     std::optional<gid_t> group);

}  // namespace sluice::server

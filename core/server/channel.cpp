#include "server/channel.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "server/framing.hpp"
#include "server/local_door.hpp"
#include "server/wrong_tokens.hpp"

namespace sluice::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::awaitable;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;

template <class Stream>
class stream_channel : public channel {
 public:
  template <class... A>
  explicit stream_channel(A&&... arguments) : stream_(std::forward<A>(arguments)...) {
    error_code gone;
    const auto other = lowest().socket().remote_endpoint(gone);
    if constexpr (requires { other.address(); }) {
      if (!gone) address_ = counted_as(other.address());
    }
  }

  awaitable<void> open(error_code&) override { co_return; }
  awaitable<std::size_t> read(asio::mutable_buffer into, error_code& failed) override {
    co_return co_await stream_.async_read_some(into, redirect_error(use_awaitable, failed));
  }
  awaitable<void> write(std::string_view text, error_code& failed) override {
    co_await asio::async_write(stream_, asio::buffer(text), redirect_error(use_awaitable, failed));
  }
  awaitable<void> end() override {
    error_code gone;
    lowest().socket().shutdown(asio::socket_base::shutdown_send, gone);
    co_return;
  }
  awaitable<void> drop(std::size_t most) override {
    std::array<char, 4096> piece;
    error_code gone;
    while (!gone && most > 0) {
      // Below TLS: after the last word of ours nothing of it has to be understood.
      const auto into = asio::buffer(piece.data(), std::min(piece.size(), most));
      most -= co_await lowest().async_read_some(into, redirect_error(use_awaitable, gone));
    }
  }
  void patience(int seconds) override {
    if (seconds > 0) lowest().expires_after(std::chrono::seconds(seconds));
    else lowest().expires_never();
  }
  void close() override { lowest().close(); }
  [[nodiscard]] std::string address() const override { return address_; }

 protected:
  auto& lowest() { return beast::get_lowest_layer(stream_); }
  Stream stream_;

 private:
  std::string address_;
};

using tls_stream = asio::ssl::stream<beast::tcp_stream>;

class encrypted_channel : public stream_channel<tls_stream> {
 public:
  encrypted_channel(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> with)
      : stream_channel(beast::tcp_stream(std::move(socket)), *with), with_(std::move(with)) {}

  awaitable<void> open(error_code& failed) override {
    patience(limits::header_seconds);
    co_await stream_.async_handshake(tls_stream::server, redirect_error(use_awaitable, failed));
  }
  awaitable<void> end() override {
    error_code gone;
    co_await stream_.async_shutdown(redirect_error(use_awaitable, gone));
  }
  [[nodiscard]] bool encrypted() const override { return true; }

 private:
  std::shared_ptr<asio::ssl::context> with_;  // another one may be in force by now
};

using local_stream = beast::basic_stream<asio::local::stream_protocol>;

class machine_channel : public stream_channel<local_stream> {
 public:
  machine_channel(asio::local::stream_protocol::socket socket, std::optional<gid_t> group)
      : stream_channel(std::move(socket)),
        administrator_(administrator_behind(stream_.socket().native_handle(), group)) {}

  [[nodiscard]] std::string administrator() const override { return administrator_; }

 private:
  std::string administrator_;
};

}  // namespace

std::unique_ptr<channel> clear_channel(asio::ip::tcp::socket socket) {
  return std::make_unique<stream_channel<beast::tcp_stream>>(std::move(socket));
}

std::unique_ptr<channel> tls_channel(asio::ip::tcp::socket socket, std::shared_ptr<asio::ssl::context> with) {
  return std::make_unique<encrypted_channel>(std::move(socket), std::move(with));
}

std::unique_ptr<channel> local_channel(asio::local::stream_protocol::socket socket,
                                       std::optional<gid_t> group) {
  return std::make_unique<machine_channel>(std::move(socket), group);
}

}  // namespace sluice::server

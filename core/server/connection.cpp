#include "server/connection.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "server/codes.hpp"
#include "server/framing.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::use_awaitable;
using boost::system::error_code;
using std::chrono::seconds;

constexpr std::string_view head_end = "\r\n\r\n";

std::string_view text_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

class connection {
 public:
  connection(beast::tcp_stream stream, front& at)
      : stream_(std::move(stream)), at_(at), buffer_(limits::header + limits::body) {
    self_.close = [this] { stream_.close(); };
    at_.connections.push_back(&self_);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    at_.connections.remove(&self_);
    tell_idle();
  }

  awaitable<void> serve() {
    while (co_await one_request()) {
    }
    error_code gone;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, gone);
  }

 private:
  void patience(int of_seconds) { stream_.expires_after(seconds(of_seconds)); }

  void tell_idle() const {
    if (at_.leaving && at_.idle && !at_.busy()) at_.idle();
  }

  // False: the connection is over.
  awaitable<bool> one_request() {
    request r;
    std::optional<refusal> refused;
    answer out;
    bool keep = false;
    try {
      const std::string text = co_await read_head_text();
      if (text.empty()) co_return false;
      self_.busy = true;
      unread_ = text.size();
      const request_head head = read_head(text);
      has_body_ = head.has_body();
      keep = head.keep_alive;
      r.method = head.method;
      r.target = head.target;
      r.headers = head.fields;
      name_request(r, at_.random);
      const route* const wanted = admit(r, refused);
      // Of who is refused too: to close while something is unread makes the other side lose the answer.
      co_await read_body(head, wanted == nullptr || wanted->body != nullptr, r);
      if (refused && head.has_body()) has_body_ = true;
      stream_.expires_never();
      if (wanted != nullptr) out = co_await at_.api.carry_out(*wanted, r);
    } catch (const boost::system::system_error&) {
      co_return false;  // the other side is gone
    } catch (...) {
      refused = current_refusal();
    }
    if (refused) {
      out = at_.api.refuse(r, *refused);
      // What was not read of it would be taken for the next request.
      buffer_.consume(std::min(unread_, buffer_.size()));
      if (has_body_) out.close = true;
    }
    keep = keep && !out.close && !at_.leaving;
    bool written = false;
    if (out.more) {
      keep = false;
      written = co_await write_stream(out, r);
    } else {
      written = co_await write(out, r, keep);
    }
    self_.busy = false;
    tell_idle();
    co_return written&& keep;
  }

  // Null: refused.
  const route* admit(request& r, std::optional<refusal>& refused) {
    try {
      return &at_.api.admit(r);
    } catch (...) {
      refused = current_refusal();
      return nullptr;
    }
  }

  // The header as it came; empty: nothing came, and the connection is over.
  awaitable<std::string> read_head_text() {
    unread_ = 0;
    has_body_ = false;
    patience(buffer_.size() == 0 ? limits::idle_seconds : limits::header_seconds);
    for (;;) {
      const std::string_view there = text_of(buffer_);
      const std::size_t end = there.find(head_end);
      if (end != std::string_view::npos && end <= limits::header)
        co_return std::string(there.substr(0, end + 4));
      if (there.size() > limits::header) {
        throw refusal(431, code::header_too_large, "the header has more than 8 KiB").last();
      }
      error_code failed;
      const std::size_t n = co_await stream_.async_read_some(buffer_.prepare(4096),
                                                             asio::redirect_error(use_awaitable, failed));
      // The stream is closed by then: this is for the log.
      if (failed == beast::error::timeout && !there.empty())
        throw refusal(408, code::too_slow, "the header took longer than 10 seconds").last();
      if (failed) co_return std::string();
      if (buffer_.size() == 0) patience(limits::header_seconds);
      buffer_.commit(n);
    }
  }

  // Beast reads the header once more, from the same bytes: both must see the same request.
  awaitable<void> read_body(const request_head& head, bool takes_body, request& r) {
    if (head.has_body() && !takes_body) {
      throw refusal(400, code::bad_frame, "this address takes no body").last();
    }
    if (head.length && *head.length > limits::body) throw too_large();
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits::header + 4);
    parser.body_limit(limits::body);
    error_code failed;
    patience(limits::body_seconds);
    co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(use_awaitable, failed));
    if (!failed && (parser.chunked() != head.chunked || parser.get().target() != head.target))
      failed = http::error::bad_value;
    if (failed) throw refusal(400, code::bad_frame, "the header can't be read: " + failed.message()).last();
    unread_ = 0;
    if (head.has_body()) {
      co_await go_on(head);
      co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(use_awaitable, failed));
      if (failed) throw body_failed(failed);
    }
    has_body_ = false;
    r.body = std::move(parser.get().body());
  }

  awaitable<void> go_on(const request_head& head) {
    const auto at = head.fields.find("expect");
    if (at == head.fields.end()) co_return;
    if (!beast::iequals(at->second, "100-continue"))
      throw refusal(417, code::bad_frame, "Expect is not 100-continue").last();
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(stream_, asio::buffer(text), use_awaitable);
  }

  static refusal too_large() {
    return refusal(413, code::body_too_large, "the body has more than 64 KiB").last();
  }
  refusal body_failed(const error_code& failed) {
    if (failed == http::error::body_limit) return too_large();
    if (failed == beast::error::timeout)
      return refusal(408, code::too_slow, "the body took longer than 30 seconds").last();
    if (failed == http::error::partial_message ||
        failed.category() != http::make_error_code(http::error::bad_value).category())
      throw boost::system::system_error(failed);
    return refusal(400, code::bad_frame, "the body can't be read: " + failed.message()).last();
  }

  // A stream ends with its connection: who reads it learns so that there is no more.
  awaitable<bool> write_stream(const answer& out, const request& r) {
    std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: " + out.type +
        "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Correlation-ID: " +
        r.correlation_id + "\r\nConnection: close\r\n\r\n";
    error_code failed;
    while (!failed && !text.empty()) {
      patience(limits::write_seconds);
      co_await asio::async_write(stream_, asio::buffer(text), asio::redirect_error(use_awaitable, failed));
      stream_.expires_never();
      if (failed) break;
      std::string next = co_await out.more();
      text = std::move(next);
    }
    co_return !failed;
  }

  // False: it could not be written.
  awaitable<bool> write(const answer& out, const request& r, bool keep) {
    http::response<http::string_body> message(http::status(out.status), 11);
    message.set(http::field::content_type, out.type);
    message.set(http::field::cache_control, "no-store");
    message.set("X-Content-Type-Options", "nosniff");
    if (!r.correlation_id.empty()) message.set("X-Correlation-ID", r.correlation_id);
    for (const auto& [name, value] : out.headers) message.set(name, value);
    message.keep_alive(keep);
    message.body() = out.body;
    message.prepare_payload();
    if (out.status == 304) message.erase(http::field::content_length);  // its length is not the file's
    error_code failed;
    patience(limits::write_seconds);
    co_await http::async_write(stream_, message, asio::redirect_error(use_awaitable, failed));
    co_return !failed;
  }

  beast::tcp_stream stream_;
  front& at_;
  open_connection self_;
  beast::flat_buffer buffer_;
  std::size_t unread_ = 0;  // bytes of the header that only our own reading has seen
  bool has_body_ = false;   // and it is not read yet
};

}  // namespace

awaitable<void> serve_clear(asio::ip::tcp::socket socket, front& at) {
  connection c(beast::tcp_stream(std::move(socket)), at);
  co_await c.serve();
}

awaitable<void> turn_away(asio::ip::tcp::socket socket) {
  beast::tcp_stream stream(std::move(socket));
  stream.expires_after(seconds(2));
  const answer out =
      refusal(503, code::too_many_connections, "this host has as many connections as it takes").to_answer("");
  const std::string text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + out.type +
      "\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: " + std::to_string(out.body.size()) +
      "\r\n\r\n" + out.body;
  error_code failed;
  co_await asio::async_write(stream, asio::buffer(text), asio::redirect_error(use_awaitable, failed));
  stream.socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
}

}  // namespace sluice::server

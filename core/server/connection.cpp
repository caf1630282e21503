#include "server/connection.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "server/codes.hpp"
#include "server/framing.hpp"
#include "server/problem.hpp"

namespace sluice::server {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::awaitable;
using boost::system::error_code;

constexpr std::string_view head_end = "\r\n\r\n";

std::string_view text_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

// The head of an answer as it goes out.
std::string head_of(const answer& out, const request& r, bool keep, bool encrypted) {
  http::response<http::empty_body> message(http::status(out.status), 11);
  message.set(http::field::content_type, out.type);
  message.set(http::field::cache_control, "no-store");
  message.set("X-Content-Type-Options", "nosniff");
  if (encrypted) message.set("Strict-Transport-Security", "max-age=31536000");
  if (!r.correlation_id.empty()) message.set("X-Correlation-ID", r.correlation_id);
  for (const auto& [name, value] : out.headers) message.set(name, value);
  message.keep_alive(keep);
  if (out.status != 304) message.content_length(out.body.size());  // its length is not the file's
  std::ostringstream text;
  text << message.base();
  return text.str();
}

class connection {
 public:
  connection(channel& over, front& at)
      : channel_(over),
        at_(at),
        administrator_(over.administrator()),
        buffer_(limits::header + limits::body) {
    self_.close = [this] { channel_.close(); };
    at_.connections.push_back(&self_);
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() {
    at_.connections.remove(&self_);
    tell_idle();
  }

  awaitable<void> serve() {
    error_code failed;
    co_await channel_.open(failed);
    if (failed) co_return;
    while (co_await one_request()) {
    }
    co_await part();
  }

 private:
  // The answer to who is refused in the middle of a body must not be lost because more of the body is on its way.
  awaitable<void> part() {
    channel_.patience(unasked_ ? limits::header_seconds : limits::farewell_seconds);
    co_await channel_.end();
    if (unasked_) co_await channel_.drop(limits::dropped);
  }

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
      const request_head head = read_head(text, names());
      has_body_ = head.has_body();
      keep = head.keep_alive;
      r.method = head.method;
      r.target = head.target;
      r.headers = head.fields;
      r.administrator = administrator_;
      r.address = channel_.address();
      name_request(r, at_.random);
      const route* const wanted = admit(r, refused);
      // Of who is refused too: to close while something is unread makes the other side lose the answer.
      co_await read_body(head, wanted == nullptr || wanted->body != nullptr, r);
      if (refused && head.has_body()) has_body_ = true;
      channel_.patience(0);
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
      unasked_ = out.close;
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
    co_return written&& keep && !at_.leaving;  // which may have begun while it was written
  }

  // Nobody can lead a browser to a certificate that is not for the name that it asks for, nor to a file.
  [[nodiscard]] host_names names() const {
    return channel_.encrypted() || !administrator_.empty() ? host_names::any : host_names::addresses;
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
    channel_.patience(buffer_.size() == 0 ? limits::idle_seconds : limits::header_seconds);
    for (;;) {
      const std::string_view there = text_of(buffer_);
      const std::size_t end = there.find(head_end);
      if (end != std::string_view::npos && end <= limits::header)
        co_return std::string(there.substr(0, end + 4));
      if (there.size() > limits::header) {
        throw refusal(431, code::header_too_large, "the header has more than 8 KiB").last();
      }
      error_code failed;
      const std::size_t n = co_await channel_.read(buffer_.prepare(4096), failed);
      // The stream is closed by then: this is for the log.
      if (failed == beast::error::timeout && !there.empty())
        throw refusal(408, code::too_slow, "the header took longer than 10 seconds").last();
      if (failed) co_return std::string();
      if (buffer_.size() == 0) channel_.patience(limits::header_seconds);
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
    while (!failed && !parser.is_header_done()) buffer_.consume(parser.put(buffer_.data(), failed));
    if (!failed && (parser.chunked() != head.chunked || parser.get().target() != head.target))
      failed = http::error::bad_value;
    if (failed) throw refusal(400, code::bad_frame, "the header can't be read: " + failed.message()).last();
    unread_ = 0;
    if (head.has_body()) {
      co_await go_on(head);
      co_await read_rest(parser);
    }
    has_body_ = false;
    r.body = std::move(parser.get().body());
  }

  awaitable<void> read_rest(http::request_parser<http::string_body>& parser) {
    constexpr std::size_t piece = 8 * 1024;
    channel_.patience(limits::body_seconds);
    parser.eager(true);
    while (!parser.is_done()) {
      error_code failed;
      buffer_.consume(parser.put(buffer_.data(), failed));
      const std::size_t room = std::min(piece, buffer_.max_size() - buffer_.size());
      if (failed == http::error::need_more && room > 0) failed = {};
      if (failed) throw unreadable(failed);
      if (parser.is_done()) break;
      const std::size_t n = co_await channel_.read(buffer_.prepare(room), failed);
      if (failed == beast::error::timeout)
        throw refusal(408, code::too_slow, "the body took longer than 30 seconds").last();
      if (failed) throw boost::system::system_error(failed);
      buffer_.commit(n);
    }
  }

  awaitable<void> go_on(const request_head& head) {
    const auto at = head.fields.find("expect");
    if (at == head.fields.end()) co_return;
    if (!beast::iequals(at->second, "100-continue"))
      throw refusal(417, code::bad_frame, "Expect is not 100-continue").last();
    constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    error_code failed;
    co_await channel_.write(text, failed);
    if (failed) throw boost::system::system_error(failed);
  }

  static refusal too_large() {
    return refusal(413, code::body_too_large, "the body has more than 64 KiB").last();
  }
  static refusal unreadable(const error_code& failed) {
    if (failed == http::error::body_limit) return too_large();
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
      channel_.patience(limits::write_seconds);
      co_await channel_.write(text, failed);
      channel_.patience(0);
      if (failed) break;
      std::string next = co_await out.more();
      text = std::move(next);
    }
    co_return !failed;
  }

  // False: it could not be written.
  awaitable<bool> write(const answer& out, const request& r, bool keep) {
    std::string text = head_of(out, r, keep, channel_.encrypted());
    // What would follow the head of such an answer would be taken for the next one.
    if (r.method != "HEAD") text += out.body;
    error_code failed;
    channel_.patience(limits::write_seconds);
    co_await channel_.write(text, failed);
    co_return !failed;
  }

  channel& channel_;
  front& at_;
  const std::string administrator_;
  open_connection self_;
  beast::flat_buffer buffer_;
  std::size_t unread_ = 0;  // bytes of the header that only our own reading has seen
  bool has_body_ = false;   // and it is not read yet
  bool unasked_ = false;    // the other side may be sending what nobody will read
};

}  // namespace

awaitable<void> serve(std::unique_ptr<channel> over, front& at) {
  connection c(*over, at);
  co_await c.serve();
}

awaitable<void> turn_away(std::unique_ptr<channel> over, std::uint64_t chance) {
  if (over->encrypted()) co_return;
  over->patience(2);
  const answer out =
      refusal(503, code::too_many_connections, "this host has as many connections as it takes").to_answer("");
  const std::string text = "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + out.type +
                           "\r\nRetry-After: " + std::to_string(1 + chance % 4) +
                           "\r\nConnection: close\r\nContent-Length: " + std::to_string(out.body.size()) +
                           "\r\n\r\n" + out.body;
  error_code failed;
  co_await over->write(text, failed);
  co_await over->end();
}

}  // namespace sluice::server

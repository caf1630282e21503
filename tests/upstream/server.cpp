#include "upstream/server.hpp"

#include <atomic>
#include <cstring>
#include <list>
#include <thread>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "upstream/spoil.hpp"
#include "upstream/text.hpp"

namespace sluice::upstream {
namespace {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using asio::awaitable;
using asio::use_awaitable;

// What is put on the wire: a head, how much of the body, and what happens then.
struct wire {
  std::string head;
  std::shared_ptr<const std::string> body;
  std::size_t send = 0;   // bytes of the body
  bool close = false;     // afterwards
  bool reset = false;     // afterwards, without a goodbye
  bool chunked = false;
};

// The whole answer as the script gives it: `{body}` and `{length}` are those of the correct page.
wire raw_wire(const answer& a) {
  wire w{.head = a.spoiled.wire, .body = std::make_shared<const std::string>()};
  for (const auto& [name, text] : {std::pair{"{length}", std::to_string(a.body->size())}, std::pair{"{body}", *a.body}}) {
    if (const auto at = w.head.find(name); at != std::string::npos) w.head.replace(at, std::strlen(name), text);
  }
  w.close = a.spoiled.close;
  return w;
}

wire to_wire(const answer& a, bool keep_alive) {
  const fault& f = a.spoiled;
  if (f.what == "raw") return raw_wire(a);
  wire w{.head = {}, .body = a.body};
  const bool gzipped = f.what == "gzip" || f.what == "bomb", zipped = gzipped || f.what.starts_with("zstd");
  if (zipped) w.body = std::make_shared<const std::string>(gzipped ? gzip(*a.body) : zstd(*a.body));
  w.send = w.body->size();
  const bool cut = f.what == "cut", chunks = f.what == "truncate_chunked";
  if (cut || chunks || f.what == "truncate") {
    w.send = f.at >= 0 ? std::min(w.send, static_cast<std::size_t>(f.at)) : w.send / 2;
    w.close = true;
  }
  w.chunked = chunks;
  w.close = w.close || !keep_alive;
  w.head = "HTTP/1.1 " + std::to_string(a.status) + " " +
           std::string(http::obsolete_reason(static_cast<http::status>(a.status))) + "\r\nServer: sluice-upstream\r\n";
  if (const bool bodiless = a.status == 204 || a.status == 304; !bodiless) {
    w.head += "Content-Type: " + a.type + "\r\n";
    if (chunks) w.head += "Transfer-Encoding: chunked\r\n";
    else if (!cut) w.head += "Content-Length: " + std::to_string(w.body->size()) + "\r\n";
  }
  if (zipped) w.head += std::string("Content-Encoding: ") + (gzipped ? "gzip" : "zstd") + "\r\n";
  for (const auto& [name, value] : a.headers) w.head += name + ": " + value + "\r\n";
  w.head += w.close ? "Connection: close\r\n\r\n" : "\r\n";
  w.close = w.close || f.what == "close_after";  // without a word of it
  if (f.what == "reset") {
    w.reset = true;
    const auto at = static_cast<std::size_t>(std::max<std::int64_t>(f.at, 0));
    w.send = at > w.head.size() ? std::min(w.body->size(), at - w.head.size()) : 0;
    w.head.resize(std::min(w.head.size(), at));
  }
  return w;
}

void reset_now(tcp::socket& socket) {
  boost::system::error_code ignored;  // it goes away either way
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

awaitable<void> pause(std::int64_t us) {
  if (us <= 0) co_return;
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::microseconds(us));
  co_await timer.async_wait(use_awaitable);
}

awaitable<void> send_slowly(tcp::socket& socket, std::string_view body, std::int64_t bytes_a_second) {
  const std::size_t step = std::max<std::size_t>(1, static_cast<std::size_t>(bytes_a_second / 10));
  for (std::size_t at = 0; at < body.size(); at += step) {
    co_await asio::async_write(socket, asio::buffer(body.substr(at, step)), use_awaitable);
    co_await pause(100'000);
  }
}

// Returns whether the connection goes on.
awaitable<bool> send(tcp::socket& socket, const answer& a, bool keep_alive) {
  if (a.spoiled.what == "hang") {
    char byte = 0;  // until the other side gives up
    co_await socket.async_read_some(asio::buffer(&byte, 1), use_awaitable);
    co_return false;
  }
  if (a.spoiled.what == "delay") co_await pause(a.spoiled.ms * 1000);
  wire w = to_wire(a, keep_alive);
  const std::string_view body = std::string_view(*w.body).substr(0, w.send);
  if (a.spoiled.what == "slow") {
    co_await asio::async_write(socket, asio::buffer(w.head), use_awaitable);
    co_await send_slowly(socket, body, a.spoiled.rate);
    co_return !w.close;
  }
  if (w.chunked) {
    std::string size = "\r\n";
    for (std::size_t n = body.size(); n != 0; n /= 16) size.insert(size.begin(), "0123456789abcdef"[n % 16]);
    w.head += size;
  }
  const std::array<asio::const_buffer, 2> parts{asio::buffer(w.head), asio::buffer(body)};
  co_await asio::async_write(socket, parts, use_awaitable);
  if (w.reset) reset_now(socket);
  co_return !w.close && !w.reset;
}

struct shared_state {
  api data;
  std::int64_t latency_us, jitter_us;
  std::atomic<std::uint64_t> requests{0}, connections{0};
  explicit shared_state(const options& o) : data(o), latency_us(o.latency_us), jitter_us(o.jitter_us) {}
};

awaitable<void> serve(tcp::socket socket, shared_state& shared) {
  socket.set_option(tcp::no_delay(true));
  boost::beast::flat_buffer buffer;
  for (bool more = true; more;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(64U << 20U);  // scripts hold whole answers
    boost::system::error_code gone;
    co_await http::async_read(socket, buffer, parser, asio::redirect_error(use_awaitable, gone));
    if (gone) co_return;  // the client left
    const http::request<http::string_body> in = parser.release();
    const auto text = [&](http::field name) { return std::string(in[name]); };
    request r{.method = std::string(in.method_string()), .target = std::string(in.target()),
              .authorization = text(http::field::authorization), .correlation_id = std::string(in["X-Correlation-ID"]), .body = in.body()};
    const bool timed = r.target.starts_with("/v1");
    const answer a = shared.data.handle(r);
    if (timed && shared.latency_us + shared.jitter_us > 0) {
      const auto swing = static_cast<std::int64_t>(mix(++shared.requests) % (2 * static_cast<std::uint64_t>(shared.jitter_us) + 1));
      co_await pause(shared.latency_us - shared.jitter_us + swing);
    }
    more = co_await send(socket, a, in.keep_alive());
  }
  boost::system::error_code ignored;  // it may be gone already
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

awaitable<void> accept_all(tcp::acceptor& acceptor, shared_state& shared) {
  for (;;) {
    boost::system::error_code failed;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, failed));
    if (failed == asio::error::operation_aborted) co_return;
    if (failed) continue;
    ++shared.connections;
    // A connection that breaks concerns nobody but itself.
    asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), shared), [](const std::exception_ptr&) {});
  }
}
}  // namespace

struct server::state {
  shared_state shared;
  asio::io_context io;
  tcp::acceptor acceptor{io};
  std::vector<std::jthread> threads;
  explicit state(const options& o) : shared(o), io(static_cast<int>(o.threads)) {}
};

server::server(options o) : state_(std::make_unique<state>(o)) {
  const tcp::endpoint here(asio::ip::address_v4::loopback(), o.port);
  state_->acceptor.open(here.protocol());
  state_->acceptor.set_option(asio::socket_base::reuse_address(true));
  state_->acceptor.bind(here);
  state_->acceptor.listen();
  asio::co_spawn(state_->io, accept_all(state_->acceptor, state_->shared), asio::detached);
  for (unsigned i = 0; i < std::max(1U, o.threads); ++i) {
    state_->threads.emplace_back([this] { state_->io.run(); });
  }
}

server::~server() {
  state_->io.stop();
  state_->threads.clear();  // joined
}

std::uint16_t server::port() const noexcept { return state_->acceptor.local_endpoint().port(); }
std::string server::url() const { return "http://127.0.0.1:" + std::to_string(port()); }
api& server::data() noexcept { return state_->shared.data; }
std::uint64_t server::connections() const noexcept { return state_->shared.connections; }

}  // namespace sluice::upstream

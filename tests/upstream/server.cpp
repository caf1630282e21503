#include "upstream/server.hpp"

#include <atomic>
#include <list>
#include <thread>
#include <vector>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "upstream/text.hpp"
#include "upstream/wire.hpp"

namespace sluice::upstream {
namespace {
namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using asio::awaitable;
using asio::use_awaitable;

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

// A header that is sent twice shows.
std::string all_of(const http::request<http::string_body>& in, http::field name) {
  std::string out;
  for (auto [at, end] = in.equal_range(name); at != end; ++at) out += (out.empty() ? "" : ", ") + std::string(at->value());
  return out;
}

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
              .authorization = text(http::field::authorization), .correlation_id = std::string(in["X-Correlation-ID"]), .body = in.body(),
              .accept = all_of(in, http::field::accept), .host = text(http::field::host)};
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

#include "server/server.hpp"

#include <charconv>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/receipt.hpp"
#include "plugin/error.hpp"
#include "server/codes.hpp"
#include "server/connection.hpp"

namespace sluice::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using engine::failure;
using engine::failure_class;

tcp::endpoint listening_address(const host::listen_settings& listen) {
  const std::string& address = listen.address;
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? std::string() : address.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, wrong] = std::from_chars(port.data(), port.data() + port.size(), number);
  error_code no_address;
  const auto ip = asio::ip::make_address(host, no_address);
  if (no_address || port.empty() || wrong != std::errc() || end != port.data() + port.size()) {
    throw plugin::error(plugin::status::invalid, code::cannot_listen,
                        "`listen.address` is `" + address +
                            "`; it must be ADDRESS:PORT, such as 127.0.0.1:7464 or [::1]:7464");
  }
  if (!ip.is_loopback() && !listen.tls) {
    throw plugin::error(
        plugin::status::invalid, code::open_in_clear,
        "`listen.address` is " + address +
            ", which other machines can reach, and what is said there would not be encrypted; "
            "give `listen.tls`, or listen at 127.0.0.1 or [::1]");
  }
  return {ip, number};
}

namespace {

tcp::acceptor listen_at(asio::io_context& context, const host::listen_settings& listen) {
  const tcp::endpoint at = listening_address(listen);
  try {
    tcp::acceptor out(context);
    out.open(at.protocol());
    out.set_option(tcp::acceptor::reuse_address(true));
    out.bind(at);
    out.listen();
    return out;
  } catch (const boost::system::system_error& e) {
    throw failure(failure_class::invalid, code::cannot_listen,
                  "can't listen at " + listen.address + ": " + e.code().message());
  }
}

std::string text_of(const tcp::endpoint& at) {
  const std::string host = at.address().to_string();
  return (at.address().is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

}  // namespace

http_server::http_server(server_setup setup)
    : setup_(setup),
      context_(std::make_unique<asio::io_context>(1)),
      signals_(*context_),
      api_({setup.service, setup.log, setup.redactor, signals_, *context_, setup.catalog, setup.tokens,
            setup.reload, [this](host::host_state& to) { add_facts(to); }, setup.listen}),
      front_{api_, setup.log, random_, *context_, setup.listen.connections, false, {}} {
  const host::listen_settings& listen = setup_.listen;
  if (listen.tls) identity_.emplace(*listen.tls);
  if (!listen.address.empty()) acceptor_.emplace(listen_at(*context_, listen));
  if (!listen.socket.empty()) local_.emplace(*context_, listen.socket, listen.socket_group);
  setup_.changes.connect(&signals_);
  front_.idle = [this] {
    const std::lock_guard lock(mutex_);
    answered_ = true;
    changed_.notify_all();
  };
}

http_server::~http_server() {
  setup_.changes.connect(nullptr);
  context_->stop();
  if (thread_.joinable()) thread_.join();
  api_.join();  // its answers go to the context
  acceptor_.reset();
  local_.reset();
  context_.reset();
}

std::string http_server::address() const {
  return acceptor_ ? text_of(acceptor_->local_endpoint()) : std::string();
}

void http_server::start() {
  setup_.log.write(observe::log_level::info, {}, "listening",
                   {{"event", "http.listening"},
                    {"address", address()},
                    {"tls", identity_.has_value()},
                    {"socket", setup_.listen.socket.native()}});
  if (identity_) tell_certificate("http.certificate");
  if (acceptor_ && read_tokens(setup_.tokens).empty()) {
    setup_.log.write(observe::log_level::warn, {.code = code::nobody_may},
                     "there are no tokens in " + setup_.tokens.string() + ", so nobody may use the API");
  }
  if (acceptor_) {
    const auto over = [this](tcp::socket socket) {
      error_code failed;
      socket.set_option(tcp::no_delay(true), failed);
      return identity_ ? tls_channel(std::move(socket), identity_->context())
                       : clear_channel(std::move(socket));
    };
    asio::co_spawn(*context_, accept(*acceptor_, over), asio::detached);
  }
  if (local_) {
    const auto over = [group = local_->group()](auto socket) {
      return local_channel(std::move(socket), group);
    };
    asio::co_spawn(*context_, accept(local_->acceptor(), over), asio::detached);
  }
  thread_ = std::thread([this] { context_->run(); });
}

template <class Acceptor, class Make>
asio::awaitable<void> http_server::accept(Acceptor& at, Make over) {
  asio::steady_timer pause(*context_);
  for (;;) {
    error_code failed;
    typename Acceptor::protocol_type::socket socket(*context_);
    co_await at.async_accept(socket, asio::redirect_error(asio::use_awaitable, failed));
    if (!at.is_open()) co_return;
    if (!failed) {
      take(over(std::move(socket)));
      continue;
    }
    // Most likely there is no descriptor left. One that closes makes room.
    setup_.log.write(observe::log_level::warn, {.code = code::too_many_connections},
                     "a connection could not be taken: " + failed.message(),
                     {{"event", "http.not_accepted"}});
    pause.expires_after(std::chrono::milliseconds(200));
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, failed));
  }
}

void http_server::take(std::unique_ptr<channel> over) {
  const bool full = front_.connections.size() >= static_cast<std::size_t>(front_.most);
  // Who administers the host gets in when it is full, too.
  if (!full || !over->administrator().empty())
    return asio::co_spawn(*context_, serve(std::move(over), front_), asio::detached);
  api_.count_refused(code::too_many_connections);
  asio::co_spawn(*context_, turn_away(std::move(over), random_.next()), asio::detached);
}

void http_server::reload() {
  if (!identity_) return;
  std::string why;
  try {
    identity_->read_again();
    tell_certificate("http.certificate");
  } catch (const plugin::error& e) {
    why = e.message();
    setup_.log.write(observe::log_level::error, {.code = e.code()},
                     why + "; the certificate from before stays in force",
                     {{"event", "http.certificate_kept"}});
  }
  const std::lock_guard lock(stale_mutex_);
  stale_ = std::move(why);
}

void http_server::tell_certificate(const char* event) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t left_s =
      identity_->ends_s() - std::chrono::duration_cast<std::chrono::seconds>(now).count();
  setup_.log.write(
      left_s > 0 ? observe::log_level::info : observe::log_level::warn, {},
      left_s > 0 ? "the certificate is in force" : "the certificate has ended: clients will refuse it",
      {{"event", event}, {"ends_at", host::instant_text(identity_->ends_s() * 1'000'000)}});
}

void http_server::add_facts(host::host_state& to) const {
  if (!identity_) return;
  to.certificate_ends_s = identity_->ends_s();
  const std::lock_guard lock(stale_mutex_);
  // Files are named to the log alone.
  if (!stale_.empty())
    to.stale["listen.tls"] = "the certificate that was read again can't be used; the log says why";
}

void http_server::leave() {
  front_.leaving = true;
  api_.leave();
  // A connection that closes takes itself out of the list, later.
  for (open_connection* c : front_.connections) {
    if (!c->busy) c->close();
  }
  if (!front_.busy()) front_.idle();
}

void http_server::drain(std::chrono::seconds at_most) {
  asio::post(*context_, [this] { leave(); });
  std::unique_lock lock(mutex_);
  const bool all = changed_.wait_for(lock, at_most, [this] { return answered_; });
  lock.unlock();
  setup_.log.write(all ? observe::log_level::info : observe::log_level::warn, {},
                   all ? "every request is answered" : "some requests could not be answered in time",
                   {{"event", "http.drained"}});
}

}  // namespace sluice::server

// The HTTP API of a serving host: where it listens, and how it ends. One thread serves all connections.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <boost/asio/ip/tcp.hpp>

#include "host/settings.hpp"
#include "server/channel.hpp"
#include "server/front.hpp"
#include "server/local_door.hpp"
#include "server/tls.hpp"

namespace sluice::server {

struct server_setup {
  host::service& service;
  const host::listen_settings& listen;
  observe::logger& log;
  const observe::redactor& redactor;
  change_relay& changes;  // of the service's runs
  const plugin::catalog& catalog;
  std::filesystem::path tokens;  // see api_setup
  std::function<void()> reload;
};

// HOST:PORT with a literal address. Throws plugin::error: SLU-7114 for what is no address or port, SLU-7113 for an
// address that can be reached from elsewhere when nothing is encrypted there.
[[nodiscard]] boost::asio::ip::tcp::endpoint listening_address(const host::listen_settings& listen);

class http_server {
 public:
  // Listens from here on; requests are taken after start().
  explicit http_server(server_setup setup);
  http_server(const http_server&) = delete;
  http_server& operator=(const http_server&) = delete;
  // Ends what is left at once.
  ~http_server();

  // "127.0.0.1:7464", with the port that was found; empty: only at its socket.
  [[nodiscard]] std::string address() const;
  void start();
  // Reads the certificate again. One that can't be used is not taken, which the log and health say. On one thread at a
  // time.
  void reload();
  // Takes nothing new, answers what is there, and returns when that is done or the time is over. On any thread but the
  // server's.
  void drain(std::chrono::seconds at_most);

 private:
  template <class Acceptor, class Make>
  boost::asio::awaitable<void> accept(Acceptor& at, Make over);
  void take(std::unique_ptr<channel> over);
  void add_facts(host::host_state& to) const;
  void tell_certificate(const char* event);
  void leave();

  server_setup setup_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool answered_ = false;
  host::system_random random_;
  // Goes before what follows: with it go the last requests, and they refer to that.
  std::unique_ptr<boost::asio::io_context> context_;
  std::optional<identity> identity_;
  mutable std::mutex stale_mutex_;
  std::string stale_;  // why the certificate's files are not what is in force
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  std::optional<local_door> local_;
  run_signals signals_;
  api api_;
  front front_;
  std::thread thread_;
};

}  // namespace sluice::server

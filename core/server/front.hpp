// What all connections have in common, and each by itself while it is open. On the one thread of the server's context.
#pragma once

#include <functional>
#include <list>
#include <string>

#include <boost/asio/io_context.hpp>

#include "engine/ports.hpp"
#include "observe/log.hpp"
#include "server/api.hpp"

namespace sluice::server {

// A connection as the server sees it.
struct open_connection {
  std::function<void()> close;
  bool busy = false;  // a request of it is being answered
};

struct front {
  class api& api;
  observe::logger& log;
  engine::random_port& random;
  boost::asio::io_context& context;
  int most = 0;                // connections at once
  bool leaving = false;        // after its answer every connection is closed
  std::function<void()> idle;  // told when the last request is answered while leaving
  std::list<open_connection*> connections = {};

  [[nodiscard]] bool busy() const {
    for (const open_connection* c : connections) {
      if (c->busy) return true;
    }
    return false;
  }
};

// Who the caller is to the log: the correlation id that it gave, or one made up. Throws refusal (SLU-7011).
void name_request(request& r, engine::random_port& random);

}  // namespace sluice::server

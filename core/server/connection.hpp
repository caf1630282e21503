// One connection: requests are read, framed strictly, carried out and answered, one after the other.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "server/front.hpp"

namespace sluice::server {

// Until it is over. Never throws.
boost::asio::awaitable<void> serve_clear(boost::asio::ip::tcp::socket socket, front& at);
// Says in one answer that there is no room, and closes.
boost::asio::awaitable<void> turn_away(boost::asio::ip::tcp::socket socket);

}  // namespace sluice::server

// One connection: requests are read, framed strictly, carried out and answered, one after the other.
#pragma once

#include <memory>

#include <boost/asio/awaitable.hpp>

#include "server/channel.hpp"
#include "server/front.hpp"

namespace sluice::server {

// Until it is over. Never throws.
boost::asio::awaitable<void> serve(std::unique_ptr<channel> over, front& at);
// Says in one answer that there is no room, and closes. Where that would need an agreement first, it only closes.
boost::asio::awaitable<void> turn_away(std::unique_ptr<channel> over, std::uint64_t chance);

}  // namespace sluice::server

// What a service manager is told (systemd's protocol): that the host is ready, that it lives, that it ends.
#pragma once

#include <string_view>

namespace sluice::cli {

// "READY=1" and the like, to the socket that NOTIFY_SOCKET names; nothing without one. False: it could not be told.
bool tell_manager(std::string_view state);

}  // namespace sluice::cli

// What a server's certificate says of itself, for the error that refuses it.
#pragma once

#include <string>

#include <curl/curl.h>

namespace sluice::http {

// From now on a handshake of this handle writes to `about` whose certificate was looked at last: that which was
// refused, otherwise the server's own. `about` must live as long as the transfer. Renegotiation is off.
void watch_certificates(CURL* easy, std::string& about);

}  // namespace sluice::http

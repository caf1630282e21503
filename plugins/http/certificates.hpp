// What a handshake told of the server, for the errors that come of it.
#pragma once

#include <memory>
#include <string>

#include <curl/curl.h>

namespace sluice::http {

struct handshake {
  // The certificate that was looked at last: that which was refused, otherwise the server's own.
  std::string certificate;
  bool wants_ours = false;  // the server asked for a certificate of the client; we have none
};

// From now on a handshake of this handle writes to `about`, which must outlive the transfer; what it points to
// is kept for as long as the connection. Renegotiation is off.
void watch_handshake(CURL* easy, std::shared_ptr<handshake>& about);

}  // namespace sluice::http

// A TLS server for one test, with certificates that are made on the spot.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::http_test {

struct certificate_wish {
  std::string host = "localhost";
  long valid_from_s = -3600, valid_for_s = 86'400;  // from now; for so long from then
  bool self_signed = false;                       // else signed by the test's authority
  bool only_tls_1_0 = false;
  bool cut = false;            // the connection ends in the middle of the handshake
  bool asks_for_client = false;  // a certificate, which we have none of: that ends the handshake
  bool would_like_client = false;  // the same, but goes on without
  bool resets = false;             // the connection, when the request has come
};

class tls_server {
 public:
  explicit tls_server(const certificate_wish&);
  ~tls_server();

  [[nodiscard]] std::string url() const;      // "https://localhost:PORT"
  [[nodiscard]] std::string ca_file() const;  // the authority, as PEM
  [[nodiscard]] std::string server_name() const;  // that the last client asked for (SNI)

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace sluice::http_test

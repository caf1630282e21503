// The certificate by which a host shows who it is, and its key. Their files may be renewed while it serves.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>

#include "host/settings.hpp"

namespace boost::asio::ssl {
class context;
}

namespace sluice::server {

class identity {
 public:
  // Throws plugin::error (SLU-7117) for files that can't be used: it names the file and says why.
  explicit identity(host::tls_files files);

  // The files as they are now. Throws the same; what was read before is in force then, as before.
  void read_again();
  // For a connection that begins now. Any thread.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> context() const;
  // The certificate's last second, since 1970. Any thread.
  [[nodiscard]] std::int64_t ends_s() const;

 private:
  host::tls_files files_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
  std::int64_t ends_s_ = 0;
};

}  // namespace sluice::server

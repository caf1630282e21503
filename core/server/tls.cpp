#include "server/tls.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/ssl/context.hpp>

#include "plugin/error.hpp"
#include "server/codes.hpp"

namespace sluice::server {

namespace {

namespace ssl = boost::asio::ssl;
namespace fs = std::filesystem;
using boost::system::error_code;

[[noreturn]] void unusable(const fs::path& file, const std::string& why) {
  throw plugin::error(plugin::status::invalid, code::bad_certificate, file.string() + ": " + why);
}

// Before OpenSSL is asked, which tells what may not be read as what is no key.
void check_readable(const fs::path& file) {
  const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  char first = 0;
  const bool good = opened >= 0 && ::read(opened, &first, 1) >= 0;
  const int why = errno;
  if (opened >= 0) close(opened);
  if (good) return;
  const std::string text = std::string("can't be read: ") + std::strerror(why);
  if (why != EACCES) unusable(file, text);
  unusable(file, text + "; the host runs as user " + std::to_string(geteuid()) +
                     ", who must get at it: `chgrp` it to a group of that user, `chmod 0640` it, and let "
                     "the group into the folders above");
}

void check_key_rights(const fs::path& key) {
  struct stat s {};
  if (stat(key.c_str(), &s) != 0) unusable(key, std::string("can't be looked at: ") + std::strerror(errno));
  if ((s.st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0)
    unusable(key, "others may read or write this key; `chmod 0600` it");
}

std::shared_ptr<ssl::context> read(const host::tls_files& files) {
  check_readable(files.certificate);
  check_readable(files.key);
  check_key_rights(files.key);
  auto out = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = out->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native,
                      SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Else OpenSSL would ask on the terminal.
  out->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); });
  error_code failed;
  out->use_certificate_chain_file(files.certificate.string(), failed);
  if (failed) unusable(files.certificate, "is no certificate in PEM: " + failed.message());
  out->use_private_key_file(files.key.string(), ssl::context::pem, failed);
  if (failed)
    unusable(files.key,
             "is no key in PEM without a passphrase, or not that of the certificate: " + failed.message());
  if (SSL_CTX_check_private_key(native) != 1) unusable(files.key, "is not the key of the certificate");
  return out;
}

std::int64_t end_of(ssl::context& of) {
  const X509* const certificate = SSL_CTX_get0_certificate(of.native_handle());
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) != 1) return 0;
  return timegm(&end);
}

}  // namespace

identity::identity(host::tls_files files) : files_(std::move(files)) { read_again(); }

void identity::read_again() {
  auto now = read(files_);
  const std::int64_t ends_s = end_of(*now);
  const std::lock_guard lock(mutex_);
  context_ = std::move(now);
  ends_s_ = ends_s;
}

std::shared_ptr<ssl::context> identity::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::int64_t identity::ends_s() const {
  const std::lock_guard lock(mutex_);
  return ends_s_;
}

}  // namespace sluice::server

#include "unit/http/tls_server.hpp"

#include <unistd.h>

#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <boost/asio.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::http_test {
namespace {

using key_ptr = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using cert_ptr = std::unique_ptr<X509, decltype(&X509_free)>;
using context_ptr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using ssl_ptr = std::unique_ptr<SSL, decltype(&SSL_free)>;

key_ptr make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void extend(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) throw std::runtime_error("no extension " + value);
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

cert_ptr make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key, const certificate_wish& wish) {
  static long serial = 1;
  cert_ptr cert(X509_new(), X509_free);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), wish.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), wish.valid_from_s + wish.valid_for_s);
  X509_set_pubkey(cert.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* from = issuer == nullptr ? cert.get() : issuer;
  X509_set_issuer_name(cert.get(), X509_get_subject_name(from));
  const bool authority = issuer == nullptr && !wish.self_signed;
  extend(cert.get(), from, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!authority) extend(cert.get(), from, NID_subject_alt_name, "DNS:" + wish.host);
  X509_sign(cert.get(), issuer_key == nullptr ? key : issuer_key, EVP_sha256());
  return cert;
}

void write_pem(const std::string& path, X509* cert) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw std::runtime_error("cannot write " + path);
  PEM_write_X509(file, cert);
  std::fclose(file);
}
}  // namespace

struct tls_server::state {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor acceptor{io, {boost::asio::ip::address_v4::loopback(), 0}};
  context_ptr context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
  std::string ca_path;
  std::mutex mutex;
  std::string name;
  std::thread thread;
  bool cut = false, resets = false;

  // A socket that is closed with unread bytes resets the connection, and what was sent last may be lost on the way.
  static void linger(boost::asio::ip::tcp::socket& socket) {
    char rest[4096];
    boost::system::error_code ended;
    socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ended);
    while (!ended) socket.read_some(boost::asio::buffer(rest), ended);
  }

  void serve(boost::asio::ip::tcp::socket& socket) {
    if (cut) {
      char hello[16];
      boost::system::error_code gone;  // whatever came: it ends here
      socket.read_some(boost::asio::buffer(hello), gone);
      return;
    }
    const ssl_ptr ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket.native_handle());
    if (SSL_accept(ssl.get()) != 1) return linger(socket);  // one did not like the other, as most tests want
    {
      const std::lock_guard lock(mutex);
      const char* asked = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
      name = asked == nullptr ? "" : asked;
    }
    char request[4096];
    if (SSL_read(ssl.get(), request, sizeof request) <= 0) return;
    if (resets) {
      boost::system::error_code gone;  // the client may be quicker
      socket.set_option(boost::asio::socket_base::linger(true, 0), gone);
      return;
    }
    constexpr std::string_view answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nConnection: close\r\n\r\n{\"data\":[]}";
    SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size()));
    SSL_shutdown(ssl.get());
    linger(socket);
  }
};

tls_server::tls_server(const certificate_wish& wish) : state_(std::make_unique<state>()) {
  const key_ptr ca_key = make_key(), key = make_key();
  const cert_ptr ca = make_certificate("Test Authority", ca_key.get(), nullptr, nullptr, {});
  const cert_ptr cert = wish.self_signed ? make_certificate(wish.host, key.get(), nullptr, nullptr, wish)
                                         : make_certificate(wish.host, key.get(), ca.get(), ca_key.get(), wish);
  state_->ca_path = std::string(SLUICE_BINARY_DIR) + "/tls-test-" + std::to_string(::getpid()) + ".pem";
  write_pem(state_->ca_path, ca.get());
  SSL_CTX_use_certificate(state_->context.get(), cert.get());
  SSL_CTX_use_PrivateKey(state_->context.get(), key.get());
  state_->cut = wish.cut;
  state_->resets = wish.resets;
  if (wish.only_tls_1_0) {
    SSL_CTX_set_security_level(state_->context.get(), 0);  // Debian's default refuses it
    SSL_CTX_set_min_proto_version(state_->context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(state_->context.get(), TLS1_VERSION);
  }
  if (wish.asks_for_client) {
    SSL_CTX_set_verify(state_->context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  } else if (wish.would_like_client) {
    SSL_CTX_set_verify(state_->context.get(), SSL_VERIFY_PEER, nullptr);
  }
  state_->thread = std::thread([s = state_.get()] {
    for (;;) {
      boost::system::error_code failed;
      boost::asio::ip::tcp::socket socket(s->io);
      s->acceptor.accept(socket, failed);
      if (failed) return;
      s->serve(socket);
    }
  });
}

tls_server::~tls_server() {
  ::shutdown(state_->acceptor.native_handle(), SHUT_RDWR);  // wakes accept
  state_->thread.join();
  std::remove(state_->ca_path.c_str());
}

std::string tls_server::url() const { return "https://localhost:" + std::to_string(state_->acceptor.local_endpoint().port()); }
std::string tls_server::ca_file() const { return state_->ca_path; }
std::string tls_server::server_name() const {
  const std::lock_guard lock(state_->mutex);
  return state_->name;
}

}  // namespace sluice::http_test

#include "certificates.hpp"

#include <memory>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace sluice::http {
namespace {

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

std::string taken(const bio_ptr& from) {
  char* text = nullptr;
  const long n = BIO_get_mem_data(from.get(), &text);
  return n > 0 ? std::string(text, static_cast<std::size_t>(n)) : std::string();
}

std::string text_of(const X509_NAME* name) {
  const bio_ptr out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out) return {};
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  return taken(out);
}

std::string text_of(const ASN1_TIME* time) {
  const bio_ptr out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out) return {};
  ASN1_TIME_print_ex(out.get(), time, ASN1_DTFLGS_ISO8601);
  return taken(out);
}

std::string describe(X509* cert) {
  return "subject `" + text_of(X509_get_subject_name(cert)) + "`, issuer `" +
         text_of(X509_get_issuer_name(cert)) + "`, valid from " + text_of(X509_get0_notBefore(cert)) +
         " to " + text_of(X509_get0_notAfter(cert));
}

int slot() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int on_verify(int good, X509_STORE_CTX* chain) noexcept {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* cert = X509_STORE_CTX_get_current_cert(chain);
  if (ssl == nullptr || cert == nullptr) return good;
  auto* about = static_cast<std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot()));
  if (about == nullptr) return good;
  try {
    *about = describe(cert);
  } catch (const std::bad_alloc&) {
    return 0;  // OpenSSL is C: the handshake fails, and curl says so
  }
  return good;
}

CURLcode on_context(CURL* /*easy*/, void* context, void* about) noexcept {
  auto* ssl = static_cast<SSL_CTX*>(context);
  // A later handshake on a kept connection would write to a text that is gone.
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_ex_data(ssl, slot(), about);
  SSL_CTX_set_verify(ssl, SSL_CTX_get_verify_mode(ssl), on_verify);
  return CURLE_OK;
}

}  // namespace

void watch_certificates(CURL* easy, std::string& about) {
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &about);
}

}  // namespace sluice::http

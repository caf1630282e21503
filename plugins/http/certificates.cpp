#include "certificates.hpp"

#include <memory>
#include <new>

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

using kept = std::shared_ptr<handshake>;

void release(void* /*context*/, void* held, CRYPTO_EX_DATA* /*all*/, int /*index*/, long /*l*/, void* /*p*/) {
  delete static_cast<kept*>(held);  // NOLINT(cppcoreguidelines-owning-memory): OpenSSL owned it
}

int slot() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, release);
  return index;
}

handshake* facts_of(const SSL* ssl) {
  if (ssl == nullptr) return nullptr;
  const auto* held = static_cast<const kept*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), slot()));
  return held == nullptr ? nullptr : held->get();
}

int on_verify(int good, X509_STORE_CTX* chain) noexcept {
  const auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* cert = X509_STORE_CTX_get_current_cert(chain);
  handshake* about = facts_of(ssl);
  if (about == nullptr || cert == nullptr) return good;
  try {
    about->certificate = describe(cert);
  } catch (const std::bad_alloc&) {
    return 0;  // OpenSSL is C: the handshake fails, and curl says so
  }
  return good;
}

// Asked whenever the server wants a certificate: also later, on a kept connection.
int on_wanted(SSL* ssl, X509** /*cert*/, EVP_PKEY** /*key*/) noexcept {
  if (handshake* about = facts_of(ssl)) about->wants_ours = true;
  return 0;  // none
}

CURLcode on_context(CURL* /*easy*/, void* context, void* about) noexcept {
  auto* ssl = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION);
  std::unique_ptr<kept> held(new (std::nothrow) kept(*static_cast<kept*>(about)));
  if (!held || SSL_CTX_set_ex_data(ssl, slot(), held.get()) != 1) return CURLE_OUT_OF_MEMORY;
  held.release();  // OpenSSL's now: see release above
  SSL_CTX_set_verify(ssl, SSL_CTX_get_verify_mode(ssl), on_verify);
  SSL_CTX_set_client_cert_cb(ssl, on_wanted);
  return CURLE_OK;
}

}  // namespace

void watch_handshake(CURL* easy, std::shared_ptr<handshake>& about) {
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &about);
}

}  // namespace sluice::http

// One request on its way: what is sent, what has come so far, and what is done with it at the end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include <sluice/page.hpp>

#include "certificates.hpp"
#include "request.hpp"

namespace sluice::http {

using steady = std::chrono::steady_clock;

struct answer_head {
  int status = 0;
  std::string reason, content_type, content_encoding, retry_after, date, location, link, total;
  std::string length, wrong;  // Content-Length; what is wrong with the head
  std::size_t bytes = 0;
  bool chunked = false;
};

// Why we ended a transfer ourselves.
enum class given_up : std::uint8_t { no, cancelled, first_byte, too_slow, too_large, bomb, bad_head, enough, no_token };

class transfer {
 public:
  transfer(const settings& s, prepared_request&& request, std::vector<std::string> headers);
  ~transfer();
  transfer(const transfer&) = delete;
  transfer& operator=(const transfer&) = delete;

  // Sets up the handle, which stays the caller's.
  void arm(CURL* easy, steady::time_point now);
  // Called now and then: the timeouts that curl doesn't have.
  [[nodiscard]] given_up check(steady::time_point now);
  // Curl is done with it (or never got it): fills in what is known at the end.
  void finish(CURLcode);

  // Before it is armed.
  void add_header(const std::string& line);

  // Asked on the client's thread, now and then, until it says that the transfer may begin. Null: at once. What it
  // throws ends the transfer.
  std::function<bool(transfer&)> ready;
  std::exception_ptr refused;
  // Called once, on the client's thread, when all is known.
  std::function<void(transfer&)> done;
  steady::time_point ends;  // for the whole transfer, waiting included
  std::shared_ptr<std::atomic<bool>> cancelled = std::make_shared<std::atomic<bool>>(false);

  // What came of it.
  CURLcode code = CURLE_OK;
  given_up reason = given_up::no;
  answer_head head;
  page_body body;               // of a page; for other answers the first few KiB
  std::uint64_t wire_bytes = 0;
  std::string detail;           // curl's own words
  std::shared_ptr<handshake> met = std::make_shared<handshake>();  // when the connection was made for this request
  std::string refused_address;  // where the name led and we don't go
  enum class phase : std::uint8_t { resolve, connect, wait, receive } phase = phase::resolve;  // how far it came

  // Somebody looks at it: the head's lines, the time it took and whom it reached are kept too.
  bool watched = false;
  std::vector<std::string> lines;
  std::int64_t took_us = 0;
  std::string peer;

  [[nodiscard]] const prepared_request& request() const noexcept { return request_; }
  [[nodiscard]] const curl_slist* sent_headers() const noexcept { return headers_; }

 private:
  static std::size_t on_body(char* data, std::size_t one, std::size_t n, void* self);
  static std::size_t on_header(char* data, std::size_t one, std::size_t n, void* self);
  [[nodiscard]] bool take(std::string_view);
  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address);
  void take_header(std::string_view line);
  void take_framing(std::string_view name, std::string_view value);
  void end_head();
  void keep_measures();
  [[nodiscard]] enum phase progress() const;

  const settings& settings_;
  prepared_request request_;
  curl_slist* headers_ = nullptr;
  CURL* easy_ = nullptr;
  steady::time_point started_, window_start_;
  std::uint64_t window_bytes_ = 0, received_ = 0;
  char error_[CURL_ERROR_SIZE] = {};
};

}  // namespace sluice::http

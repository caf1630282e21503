// Runs transfers on one thread of its own, with kept-alive connections (libcurl's multi interface).
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "transfer.hpp"

namespace sluice::http {

class client {
 public:
  explicit client(const settings&);
  // Ends what is under way as cancelled.
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  // [any] Calls t->done once, on the client's thread. When this throws, done is not called.
  void start(std::shared_ptr<transfer> t);
  // [any] After t->cancelled was set: looks at it soon.
  void wake() noexcept;

 private:
  struct multi_deleter {
    void operator()(CURLM* m) const noexcept { curl_multi_cleanup(m); }
  };
  struct easy_deleter {
    void operator()(CURL* e) const noexcept { curl_easy_cleanup(e); }
  };
  using easy_ptr = std::unique_ptr<CURL, easy_deleter>;
  struct running {
    easy_ptr easy;
    std::shared_ptr<transfer> what;  // also held by whoever may cancel it
  };

  void run();
  void begin_queued();
  void begin(std::shared_ptr<transfer> t);
  // Those that are not ready yet: they begin, or end because nobody wants them any more.
  void look_at_waiting();
  void collect();
  void check_all();
  void end(std::size_t at, CURLcode);
  [[nodiscard]] easy_ptr make_easy();

  const settings& settings_;
  std::unique_ptr<CURLM, multi_deleter> multi_;
  std::vector<running> running_;
  std::vector<std::shared_ptr<transfer>> waiting_;
  std::vector<easy_ptr> idle_;
  steady::time_point checked_;
  std::atomic<bool> look_{false}, stop_{false};
  std::mutex mutex_;
  std::vector<std::shared_ptr<transfer>> queue_;
  std::once_flag started_;
  std::thread thread_;
};

}  // namespace sluice::http

#include "client.hpp"

#include <algorithm>
#include <new>

#include <sluice/failure.hpp>

namespace sluice::http {
namespace {
constexpr int tick_ms = 50;          // between looks at the timeouts that curl doesn't have
constexpr int idle_ms = 60'000;      // nothing under way: only a wake-up matters
constexpr std::size_t kept_handles = 64;

void init_curl() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (once != CURLE_OK) throw failure(status::internal, sluice::codes::plugin_defect, "libcurl can't be started");
}
}  // namespace

client::client(const settings& s) : settings_(s) {
  init_curl();
  multi_.reset(curl_multi_init());
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_.get(), CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(kept_handles));
}

client::~client() {
  stop_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void client::start(std::shared_ptr<transfer> t) {
  std::call_once(started_, [this] { thread_ = std::thread([this] { run(); }); });
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(t));
  }
  curl_multi_wakeup(multi_.get());
}

void client::wake() noexcept {
  look_ = true;
  curl_multi_wakeup(multi_.get());
}

void client::run() {
  while (!stop_) {
    begin_queued();
    look_at_waiting();
    int busy = 0;
    curl_multi_perform(multi_.get(), &busy);
    collect();
    look_at_waiting();  // what has ended may be what they wait for
    if (look_.exchange(false) || steady::now() - checked_ >= std::chrono::milliseconds(tick_ms)) check_all();
    curl_multi_poll(multi_.get(), nullptr, 0, running_.empty() && waiting_.empty() ? idle_ms : tick_ms, nullptr);
  }
  begin_queued();
  for (running& r : running_) *r.what->cancelled = true;
  check_all();
  for (const auto& t : waiting_) *t->cancelled = true;
  look_at_waiting();
}

client::easy_ptr client::make_easy() {
  if (!idle_.empty()) {
    easy_ptr kept = std::move(idle_.back());
    idle_.pop_back();
    return kept;
  }
  easy_ptr easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  CURL* e = easy.get();
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  // A name server that hangs holds up its own request, not all the others of this thread.
  curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(e, CURLOPT_PROXY, "");  // neither the environment's
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
  curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 256L * 1024);
  curl_easy_setopt(e, CURLOPT_USERAGENT, "sluice/0.1");
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
  if (!settings_.ca_file.empty()) {
    curl_easy_setopt(e, CURLOPT_CAINFO, settings_.ca_file.c_str());
    curl_easy_setopt(e, CURLOPT_CAPATH, nullptr);
  }
  return easy;
}

void client::begin_queued() {
  std::vector<std::shared_ptr<transfer>> fresh;
  {
    const std::lock_guard lock(mutex_);
    fresh.swap(queue_);
  }
  for (auto& t : fresh) {
    if (t->ready) {
      waiting_.push_back(std::move(t));
    } else {
      begin(std::move(t));
    }
  }
}

void client::begin(std::shared_ptr<transfer> t) {
  try {
    running r{make_easy(), std::move(t)};
    running_.push_back(std::move(r));
  } catch (const std::bad_alloc&) {
    if (t) t->done(*t);  // it has no status and no reason: out of memory
    return;
  }
  running& r = running_.back();
  r.what->arm(r.easy.get(), steady::now());
  if (*r.what->cancelled) {
    r.what->reason = given_up::cancelled;
    end(running_.size() - 1, CURLE_ABORTED_BY_CALLBACK);
  } else if (curl_multi_add_handle(multi_.get(), r.easy.get()) != CURLM_OK) {
    end(running_.size() - 1, CURLE_OUT_OF_MEMORY);
  }
}

void client::look_at_waiting() {
  std::vector<std::shared_ptr<transfer>> asked;
  asked.swap(waiting_);
  for (auto& t : asked) {
    bool go = false;
    if (*t->cancelled) {
      t->reason = given_up::cancelled;
    } else if (steady::now() >= t->ends) {
      t->reason = given_up::no_token;
    } else {
      try {
        go = t->ready(*t);
      } catch (...) {
        t->refused = std::current_exception();
      }
    }
    if (go) {
      begin(std::move(t));
    } else if (t->reason == given_up::no && t->refused == nullptr) {
      waiting_.push_back(std::move(t));
    } else {
      t->done(*t);
    }
  }
}

void client::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    const auto at = std::ranges::find_if(running_, [&](const running& r) { return r.easy.get() == message->easy_handle; });
    end(static_cast<std::size_t>(at - running_.begin()), code);
  }
}

void client::check_all() {
  checked_ = steady::now();
  for (std::size_t i = running_.size(); i-- > 0;) {
    if (running_[i].what->check(checked_) != given_up::no) end(i, CURLE_ABORTED_BY_CALLBACK);
  }
}

void client::end(std::size_t at, CURLcode code) {
  running ended = std::move(running_[at]);
  running_[at] = std::move(running_.back());
  running_.pop_back();
  ended.what->finish(code);
  curl_multi_remove_handle(multi_.get(), ended.easy.get());
  if (idle_.size() < kept_handles) idle_.push_back(std::move(ended.easy));
  ended.what->done(*ended.what);
}

}  // namespace sluice::http

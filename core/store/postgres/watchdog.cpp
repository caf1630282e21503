#include "store/postgres/watchdog.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace sluice::store::postgres {

using clock = std::chrono::steady_clock;

struct watched_socket::entry {
  int fd = -1;
  clock::time_point deadline = clock::time_point::max();
  int depth = 0;
  bool cut = false;
};

// The one thread that watches the sockets of the process.
class watched_socket::keeper {
 public:
  static keeper& instance() {
    static keeper one;
    return one;
  }

  void add(std::shared_ptr<entry> e) {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
    all_.push_back(std::move(e));
  }
  void remove(const std::shared_ptr<entry>& e) {
    const std::lock_guard lock(mutex_);
    std::erase(all_, e);
  }
  void begin(entry& e, std::chrono::milliseconds limit) {
    const std::lock_guard lock(mutex_);
    if (e.depth++ > 0 || limit.count() == 0) return;
    e.deadline = clock::now() + limit;
    // Calls end long before their limits: it rarely has to wake for a new one.
    if (e.deadline < wakes_) changed_.notify_one();
  }
  void end(entry& e) noexcept {
    const std::lock_guard lock(mutex_);
    if (--e.depth == 0) e.deadline = clock::time_point::max();
  }
  bool cut(const entry& e) noexcept {
    const std::lock_guard lock(mutex_);
    return e.cut;
  }

  ~keeper() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!closing_) {
      wakes_ = clock::time_point::max();
      const auto now = clock::now();
      for (const auto& e : all_) {
        if (e->deadline <= now) {
          ::shutdown(e->fd, SHUT_RDWR);
          e->cut = true;
          e->deadline = clock::time_point::max();
        }
        wakes_ = std::min(wakes_, e->deadline);
      }
      if (wakes_ == clock::time_point::max()) changed_.wait(lock);
      else changed_.wait_until(lock, wakes_);
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::shared_ptr<entry>> all_;
  clock::time_point wakes_ = clock::time_point::max();
  bool closing_ = false;
  std::thread thread_;
};

watched_socket::watched_socket(int fd) : entry_(std::make_shared<entry>()) {
  entry_->fd = fd < 0 ? -1 : ::dup(fd);
  keeper::instance().add(entry_);
}
watched_socket::~watched_socket() {
  keeper::instance().remove(entry_);
  if (entry_->fd >= 0) ::close(entry_->fd);
}
void watched_socket::begin(std::chrono::milliseconds limit) { keeper::instance().begin(*entry_, limit); }
void watched_socket::end() noexcept { keeper::instance().end(*entry_); }
bool watched_socket::cut() const noexcept { return keeper::instance().cut(*entry_); }

}  // namespace sluice::store::postgres

// Between a session under test and its server: stops before the n-th request, or cuts the connection at a
// COMMIT, before the server has it or after it has answered.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sluice::testing {

class postgres_proxy {
 public:
  enum class cut : std::uint8_t { none, before, after };

  // `dsn` names the folder of the server's unix socket.
  explicit postgres_proxy(const std::string& dsn);
  ~postgres_proxy();
  postgres_proxy(const postgres_proxy&) = delete;
  postgres_proxy& operator=(const postgres_proxy&) = delete;

  [[nodiscard]] const std::string& dsn() const { return dsn_; }

  // The n-th request from now on is kept until resume().
  void pause_at(int n);
  void resume();
  // Until a request is kept, or `over()` was called: false.
  [[nodiscard]] bool wait_paused();
  void over();

  // The connection is lost at the next COMMIT, or, `any`, at the next request.
  void cut_next(cut how, bool any = false);
  [[nodiscard]] bool has_cut();

 private:
  struct link;
  void accept_all();
  void requests(link& l);
  void answers(link& l);
  [[nodiscard]] cut admit(bool commits);

  std::filesystem::path folder_;
  std::string dsn_, server_;
  int listener_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  int until_pause_ = 0;
  bool paused_ = false, over_ = false, has_cut_ = false, closing_ = false;
  bool any_ = false;
  cut next_ = cut::none;
  std::vector<std::unique_ptr<link>> links_;
  std::thread accepting_;
};

}  // namespace sluice::testing

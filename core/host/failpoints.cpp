#include "host/failpoints.hpp"

#include "engine/failpoint.hpp"

#ifdef SLUICE_NO_FAILPOINTS

void sluice::host::arm_failpoints() {}

#else

#  include <algorithm>
#  include <charconv>
#  include <csignal>
#  include <cstdio>
#  include <cstdlib>
#  include <map>
#  include <mutex>
#  include <optional>
#  include <stdexcept>
#  include <string>
#  include <string_view>

#  include <fcntl.h>
#  include <poll.h>
#  include <unistd.h>

#  include "engine/failure.hpp"

namespace sluice::host {

namespace {

enum class deed : std::uint8_t { kill, stop, error, doubt, broken, delay };

struct order {
  deed what = deed::kill;
  std::string text;  // as it was written
  std::int64_t at = 1, delay_ms = 50;
};

struct registry {
  std::mutex mutex;
  std::map<std::string, order, std::less<>> orders;
  std::map<std::string, std::int64_t, std::less<>> hits;
  int log = -1;
};

registry& all() {
  static registry one;
  return one;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 1) return std::nullopt;
  return out;
}

std::optional<order> order_from(std::string_view text) {
  order out;
  out.text = text;
  if (const auto mark = text.find('@'); mark != std::string_view::npos) {
    const auto at = number(text.substr(mark + 1));
    if (!at) return std::nullopt;
    out.at = *at;
    text = text.substr(0, mark);
  }
  if (text.starts_with("delay:")) {
    const auto ms = number(text.substr(6));
    if (!ms) return std::nullopt;
    out.delay_ms = *ms;
    text = "delay";
  }
  if (text == "kill") out.what = deed::kill;
  else if (text == "stop") out.what = deed::stop;
  else if (text == "error") out.what = deed::error;
  else if (text == "doubt") out.what = deed::doubt;
  else if (text == "throw") out.what = deed::broken;
  else if (text == "delay") out.what = deed::delay;
  else return std::nullopt;
  return out;
}

// Nothing: the variable can't be read.
bool read_orders(std::string_view list, registry& to) {
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    const auto mark = one.find('=');
    if (mark == std::string_view::npos) return false;
    const auto read = order_from(one.substr(mark + 1));
    if (!read) return false;
    to.orders.insert_or_assign(std::string(one.substr(0, mark)), *read);
  }
  return true;
}

void carry_out(const order& o, const std::string& name) {
  using engine::failure;
  using engine::failure_class;
  switch (o.what) {
    case deed::kill: static_cast<void>(std::raise(SIGKILL)); break;
    case deed::stop: static_cast<void>(std::raise(SIGSTOP)); break;  // the whole process, until SIGCONT
    case deed::error: throw failure(failure_class::transient, "SLU-6080", "failpoint " + name);
    case deed::doubt: throw failure(failure_class::in_doubt, "SLU-6080", "failpoint " + name);
    case deed::broken: throw std::runtime_error("failpoint " + name);
    case deed::delay: static_cast<void>(::poll(nullptr, 0, static_cast<int>(o.delay_ms))); break;
  }
}

void hit(const char* name) {
  registry& r = all();
  const order* due = nullptr;
  {
    const std::lock_guard lock(r.mutex);
    const std::int64_t n = ++r.hits[name];
    const auto at = r.orders.find(std::string_view(name));
    if (at != r.orders.end() && at->second.at == n) due = &at->second;
  }
  // One write, so that lines of several threads don't mix; it is in the file before the process dies.
  const std::string line = std::string(name) + (due == nullptr ? "" : " " + due->text) + "\n";
  if (r.log >= 0 && ::write(r.log, line.data(), line.size()) < 0) std::perror("SLUICE_FAILPOINTS_LOG");
  if (due != nullptr) carry_out(*due, name);
}

}  // namespace

void arm_failpoints() {
  const char* orders = std::getenv("SLUICE_FAILPOINTS");
  const char* log = std::getenv("SLUICE_FAILPOINTS_LOG");
  if (orders == nullptr && log == nullptr) return;
  registry& r = all();
  if (orders != nullptr && !read_orders(orders, r)) {
    std::fprintf(stderr,
                 "SLUICE_FAILPOINTS: can't read `%s`; it is NAME=kill|stop|error|doubt|throw|delay:MS[@N],…\n",
                 orders);
    std::_Exit(2);
  }
  if (log != nullptr) r.log = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  engine::on_failpoint.store(&hit, std::memory_order_release);
}

}  // namespace sluice::host

#endif

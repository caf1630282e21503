#include "support/postgres_proxy.hpp"

#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::testing {

namespace {

constexpr const char* socket_name = "/.s.PGSQL.5432";

sockaddr_un address_of(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  if (path.size() >= sizeof out.sun_path) throw std::runtime_error("too long for a socket: " + path);
  std::memcpy(out.sun_path, path.data(), path.size());
  return out;
}

bool send_all(int to, std::string_view data) {
  while (!data.empty()) {
    const ssize_t n = ::send(to, data.data(), data.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool receive(int from, std::string& out, std::size_t count) {
  const std::size_t start = out.size();
  out.resize(start + count);
  for (std::size_t at = start; at < out.size();) {
    const ssize_t n = ::recv(from, out.data() + at, out.size() - at, 0);
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

std::size_t length_at(const std::string& data, std::size_t at) {
  std::size_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(data[at + i]);
  return out;
}

// The text up to a NUL, from `at` on, which is then behind it.
std::string text_at(std::string_view message, std::size_t& at) {
  const std::string out(message.substr(at, message.find('\0', at) - at));
  at += out.size() + 1;
  return out;
}

// Whether this message runs COMMIT: as it is, parsed for this once, or by the name that it was prepared under.
bool commits_in(std::string_view message, std::set<std::string>& names) {
  std::size_t at = 5;
  if (message[0] == 'Q') return message.substr(at).starts_with("COMMIT");
  if (message[0] == 'P') {
    const std::string name = text_at(message, at);
    if (text_at(message, at) == "COMMIT") names.insert(name);
    else names.erase(name);
  }
  if (message[0] != 'B') return false;
  text_at(message, at);
  return names.contains(text_at(message, at));
}

}  // namespace

struct postgres_proxy::link {
  int client = -1, server = -1;
  std::atomic<bool> swallow = false;
  std::thread up, down;
  void close_both() const {
    ::shutdown(client, SHUT_RDWR);
    ::shutdown(server, SHUT_RDWR);
  }
  ~link() {
    close_both();
    if (up.joinable()) up.join();
    if (down.joinable()) down.join();
    ::close(client);
    ::close(server);
  }
};

postgres_proxy::postgres_proxy(const std::string& dsn) : dsn_(dsn) {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-px.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder " + pattern);
  folder_ = pattern;
  const std::size_t at = dsn.find("host=") + 5, end = dsn.find(' ', at);
  server_ = dsn.substr(at, end - at) + socket_name;
  dsn_.replace(at, end - at, folder_.string());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un here = address_of(folder_.string() + socket_name);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      ::listen(listener_, 16) != 0)
    throw std::runtime_error("the proxy cannot listen");
  accepting_ = std::thread([this] { accept_all(); });
}

postgres_proxy::~postgres_proxy() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    paused_ = false;
  }
  changed_.notify_all();
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  links_.clear();
  std::filesystem::remove_all(folder_);
}

void postgres_proxy::accept_all() {
  for (;;) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    auto l = std::make_unique<link>();
    l->client = client;
    l->server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un there = address_of(server_);
    if (::connect(l->server, reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) continue;
    link& one = *l;
    const std::lock_guard lock(mutex_);
    links_.push_back(std::move(l));
    one.up = std::thread([this, &one] { requests(one); });
    one.down = std::thread([this, &one] { answers(one); });
  }
}

// Whole requests go on at once: a server begins to work before it has the last message of one.
void postgres_proxy::requests(link& l) {
  std::string group;
  std::set<std::string> commits;  // the names of what was prepared of it
  if (receive(l.client, group, 4) && receive(l.client, group, length_at(group, 0) - 4))
    send_all(l.server, group);
  group.clear();
  bool ends = false;
  for (std::size_t start = 0; receive(l.client, group, 5); start = group.size()) {
    if (!receive(l.client, group, length_at(group, start + 1) - 4)) break;
    ends = commits_in(std::string_view(group).substr(start), commits) || ends;
    if (std::string_view("QScfX").find(group[start]) == std::string_view::npos) continue;
    const cut how = admit(std::exchange(ends, false));
    if (how == cut::before) break;
    l.swallow = how == cut::after;
    if (!send_all(l.server, group)) break;
    group.clear();
  }
  if (!l.swallow) l.close_both();
}

void postgres_proxy::answers(link& l) {
  char data[16384];
  for (;;) {
    const ssize_t n = ::recv(l.server, data, sizeof data, 0);
    if (n <= 0 || l.swallow || !send_all(l.client, {data, static_cast<std::size_t>(n)})) break;
  }
  l.close_both();
}

postgres_proxy::cut postgres_proxy::admit(bool commits) {
  std::unique_lock lock(mutex_);
  if (until_pause_ > 0 && --until_pause_ == 0) {
    paused_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !paused_; });
  }
  if (next_ == cut::none || !(commits || any_)) return cut::none;
  has_cut_ = true;
  return std::exchange(next_, cut::none);
}

void postgres_proxy::pause_at(int n) {
  const std::lock_guard lock(mutex_);
  until_pause_ = n;
  over_ = paused_ = false;
}

void postgres_proxy::resume() {
  const std::lock_guard lock(mutex_);
  until_pause_ = 0;
  paused_ = false;
  changed_.notify_all();
}

bool postgres_proxy::wait_paused() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return paused_ || over_; });
  return paused_;
}

void postgres_proxy::over() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  changed_.notify_all();
}

void postgres_proxy::cut_next(cut how, bool any) {
  const std::lock_guard lock(mutex_);
  next_ = how;
  any_ = any;
  has_cut_ = false;
}

bool postgres_proxy::has_cut() {
  const std::lock_guard lock(mutex_);
  return has_cut_;
}

}  // namespace sluice::testing

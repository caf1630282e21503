#include "server/local_door.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/failure.hpp"
#include "server/codes.hpp"

namespace sluice::server {

namespace {

using boost::asio::local::stream_protocol;
using boost::system::error_code;
namespace fs = std::filesystem;

[[noreturn]] void cannot_listen_at(const fs::path& at, const std::string& why) {
  throw engine::failure(engine::failure_class::invalid, code::cannot_listen,
                        "can't listen at " + at.string() + ": " + why);
}

// What lies there is only taken away when it is a socket that nobody listens at.
void make_room(boost::asio::io_context& context, const fs::path& at) {
  struct stat there {};
  if (lstat(at.c_str(), &there) != 0) return;
  if (!S_ISSOCK(there.st_mode)) cannot_listen_at(at, "there is something that is no socket");
  stream_protocol::socket probe(context);
  error_code failed;
  probe.connect(stream_protocol::endpoint(at.string()), failed);
  if (!failed) cannot_listen_at(at, "another host listens there");
  if (failed != boost::asio::error::connection_refused) cannot_listen_at(at, failed.message());
  if (unlink(at.c_str()) != 0) cannot_listen_at(at, std::strerror(errno));
}

gid_t group_named(const fs::path& at, const std::string& name) {
  const group* const found = getgrnam(name.c_str());
  if (found == nullptr) cannot_listen_at(at, "there is no group `" + name + "`");
  return found->gr_gid;
}

// Under a unit that may do little, only the user's own group can have it, and that needs no call.
void give_to(const fs::path& at, gid_t group, const std::string& name) {
  constexpr auto same = static_cast<uid_t>(-1);
  struct stat there {};
  if (lstat(at.c_str(), &there) == 0 && there.st_gid == group) return;
  if (chown(at.c_str(), same, group) != 0)
    cannot_listen_at(at, "it can't be given to the group `" + name + "`: " + std::strerror(errno));
}

// Which groups the other end was in when it connected.
bool is_in(int socket, gid_t group, const ucred& who) {
  if (who.gid == group) return true;
  constexpr int peer_groups = 59;  // SO_PEERGROUPS, which not every system's headers have
  std::vector<gid_t> all(64);
  for (;;) {
    auto size = static_cast<socklen_t>(all.size() * sizeof(gid_t));
    if (getsockopt(socket, SOL_SOCKET, peer_groups, all.data(), &size) == 0) {
      all.resize(size / sizeof(gid_t));
      return std::find(all.begin(), all.end(), group) != all.end();
    }
    if (errno != ERANGE || size <= all.size() * sizeof(gid_t)) return false;
    all.resize(size / sizeof(gid_t));
  }
}

}  // namespace

local_door::local_door(boost::asio::io_context& context, fs::path at, const std::string& of_group)
    : at_(std::move(at)), acceptor_(context) {
  constexpr std::size_t longest = 107;
  if (at_.native().size() > longest) cannot_listen_at(at_, "a socket's path has at most 107 characters");
  if (!of_group.empty()) group_ = group_named(at_, of_group);
  make_room(context, at_);
  error_code failed;
  acceptor_.open(stream_protocol(), failed);
  if (!failed) acceptor_.bind(stream_protocol::endpoint(at_.string()), failed);
  if (failed) cannot_listen_at(at_, failed.message());
  // Before anybody could connect: until listen() nobody can.
  if (group_) give_to(at_, *group_, of_group);
  const mode_t mode = S_IRUSR | S_IWUSR | (group_ ? S_IRGRP | S_IWGRP : 0);
  if (chmod(at_.c_str(), mode) != 0) cannot_listen_at(at_, std::strerror(errno));
  acceptor_.listen(boost::asio::socket_base::max_listen_connections, failed);
  if (failed) cannot_listen_at(at_, failed.message());
}

local_door::~local_door() {
  std::error_code gone;
  fs::remove(at_, gone);
}

std::string administrator_behind(int socket, std::optional<gid_t> group) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  const bool may = who.uid == 0 || who.uid == geteuid() || (group && is_in(socket, *group, who));
  if (!may) return {};
  return "uid " + std::to_string(who.uid);
}

}  // namespace sluice::server

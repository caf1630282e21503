#include "server/local_door.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

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

}  // namespace

local_door::local_door(boost::asio::io_context& context, fs::path at)
    : at_(std::move(at)), acceptor_(context) {
  constexpr std::size_t longest = 107;
  if (at_.native().size() > longest) cannot_listen_at(at_, "a socket's path has at most 107 characters");
  make_room(context, at_);
  error_code failed;
  acceptor_.open(stream_protocol(), failed);
  if (!failed) acceptor_.bind(stream_protocol::endpoint(at_.string()), failed);
  if (failed) cannot_listen_at(at_, failed.message());
  // Before anybody could connect: until listen() nobody can.
  if (chmod(at_.c_str(), S_IRUSR | S_IWUSR) != 0) cannot_listen_at(at_, std::strerror(errno));
  acceptor_.listen(boost::asio::socket_base::max_listen_connections, failed);
  if (failed) cannot_listen_at(at_, failed.message());
}

local_door::~local_door() {
  std::error_code gone;
  fs::remove(at_, gone);
}

std::string administrator_behind(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  if (who.uid != 0 && who.uid != geteuid()) return {};
  return "uid " + std::to_string(who.uid);
}

}  // namespace sluice::server

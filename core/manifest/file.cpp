#include "manifest/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::manifest {
namespace {

struct descriptor {
  int fd = -1;
  explicit descriptor(const std::string& path)
      : fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string open_error(int error) {
  if (error == ENOENT) return "there is no such file";
  if (error == EACCES) return "permission denied";
  return "it can't be opened: " + std::system_category().message(error);
}

std::string kind_problem(const struct stat& s) {
  if (S_ISREG(s.st_mode)) return {};
  if (S_ISDIR(s.st_mode)) return "it is a folder";
  if (S_ISFIFO(s.st_mode)) return "it is a named pipe";
  return "it is not a regular file";
}

}  // namespace

file_text read_text_file(const std::string& path, std::size_t max_bytes) {
  file_text out;
  const descriptor file(path);
  if (file.fd < 0) {
    out.error = open_error(errno);
    out.help = errno == EACCES ? "let this user read it: `chmod u+r`, or its owner"
                               : "give the path of an existing file";
    return out;
  }
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) {
    out.error = "it can't be looked at: " + std::system_category().message(errno);
    return out;
  }
  if (out.error = kind_problem(status); !out.error.empty()) {
    out.help = "give the path of a regular file";
    return out;
  }
  // The size may grow while it is read, so the cap is checked on what is read as well.
  out.too_large = status.st_size > static_cast<off_t>(max_bytes);
  char buffer[65536];
  while (!out.too_large) {
    const ssize_t n = ::read(file.fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      out.error = "it can't be read: " + std::system_category().message(errno);
      return out;
    }
    if (n == 0) break;
    out.text.append(buffer, static_cast<std::size_t>(n));
    out.too_large = out.text.size() > max_bytes;
  }
  if (out.too_large) {
    out.text.clear();
    out.error = "it is larger than " + std::to_string(max_bytes >> 20U) + " MiB";
    out.help = "a manifest is at most " + std::to_string(max_bytes >> 20U) + " MiB; is this the right file?";
  }
  return out;
}

std::string secret_file_problem(const std::string& path) {
  const descriptor file(path);
  if (file.fd < 0) return open_error(errno);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0)
    return "it can't be looked at: " + std::system_category().message(errno);
  if (std::string problem = kind_problem(status); !problem.empty()) return problem;
  if ((status.st_mode & S_IROTH) != 0) return "anyone on this machine can read it";
  if (status.st_size == 0) return "it is empty";
  return {};
}

}  // namespace sluice::manifest

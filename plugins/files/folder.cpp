#include "files/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <sluice/failure.hpp>

#include "files/codes.hpp"

namespace sluice::files {

namespace {

[[noreturn]] void fail_open(const std::string& shown, int error) {
  const std::string quoted = "`" + shown + "`";
  switch (error) {
    case ENOENT:
      throw failure(status::not_found, codes::not_found,
                    quoted + " does not exist; check `root`, the tenant and `path`");
    case ELOOP:
      throw failure(status::invalid, codes::not_regular,
                    quoted + " is a symbolic link; put the file itself there");
    case ENOTDIR:
      throw failure(status::invalid, codes::not_regular,
                    quoted + " is no folder, or a symbolic link to one; put the folder itself there");
    case EACCES:
      throw failure(status::denied, codes::unreadable,
                    quoted + " may not be read by the host's user; change its mode");
    default:
      throw failure(status::transient, codes::unreadable,
                    quoted + " can't be opened: " + std::generic_category().message(error));
  }
}

descriptor open_folder(int at, const std::string& name, const std::string& shown, int flags) {
  descriptor fd(::openat(at, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags));
  if (fd.get() < 0) fail_open(shown, errno);
  return fd;
}

std::string print_of(const struct stat& s) {
  return std::to_string(s.st_size) + "-" + std::to_string(s.st_mtim.tv_sec) + "." +
         std::to_string(s.st_mtim.tv_nsec) + "-" + std::to_string(s.st_ino);
}

struct stat look(int fd, const std::string& name) {
  struct stat s {};
  if (::fstat(fd, &s) != 0) fail_open(name, errno);
  return s;
}

}  // namespace

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

std::string file::print_now() const { return print_of(look(open.get(), name)); }

void check_part(const std::string& part, const std::string& path) {
  const bool good = !part.empty() && part != "." && part != ".." && part.find('/') == std::string::npos &&
                    part.find('\0') == std::string::npos && part.size() <= 255;
  if (good) return;
  throw failure(
      status::invalid, codes::unsafe_path,
      "`" + path +
          "`: a value in it is empty, `.`, `..`, too long or holds a `/`, which would be another file");
}

folder::folder(const std::string& root, const std::string& tenant, const std::vector<std::string>& parts) {
  check_part(tenant, root + "/${tenant}");
  const descriptor top = open_folder(AT_FDCWD, root, root, 0);
  open_ = open_folder(top.get(), tenant, root + "/" + tenant, O_NOFOLLOW);
  for (const std::string& part : parts) {
    shown_ += part + "/";
    open_ = open_folder(open_.get(), part, shown_, O_NOFOLLOW);
  }
}

file folder::open(const std::string& name) const {
  file f;
  f.name = shown_ + name;
  // Not blocking: opening a pipe would wait for somebody to write to it.
  f.open = descriptor(
      ::openat(open_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (f.open.get() < 0) fail_open(f.name, errno);
  const struct stat s = look(f.open.get(), f.name);
  if (!S_ISREG(s.st_mode)) {
    throw failure(status::invalid, codes::not_regular, "`" + f.name + "` is not a regular file");
  }
  f.size = static_cast<std::uint64_t>(s.st_size);
  f.print = print_of(s);
  return f;
}

std::vector<std::string> folder::names(const std::string& pattern) const {
  // Its own open of the folder, so that two readers don't share a position in it.
  descriptor own = open_folder(open_.get(), ".", shown_, 0);
  struct closer {
    void operator()(DIR* d) const { ::closedir(d); }
  };
  const int fd = ::dup(own.get());
  if (fd < 0) fail_open(shown_, errno);
  const std::unique_ptr<DIR, closer> dir(::fdopendir(fd));
  if (!dir) {
    ::close(fd);
    fail_open(shown_, errno);
  }
  std::vector<std::string> out;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (::fnmatch(pattern.c_str(), entry->d_name, FNM_PERIOD | FNM_NOESCAPE) == 0)
      out.emplace_back(entry->d_name);
    errno = 0;
  }
  if (errno != 0) fail_open(shown_, errno);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice::files

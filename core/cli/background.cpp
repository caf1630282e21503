#include "cli/background.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/app.hpp"
#include "engine/failure.hpp"

namespace sluice::cli {

namespace {

volatile std::sig_atomic_t worker = 0;

extern "C" void pass_on(int signal) { kill(static_cast<pid_t>(worker), signal); }

[[noreturn]] void cannot(const std::string& what) {
  throw engine::failure(engine::failure_class::transient, "SLU-7022",
                        "can't start a process for the rest of the work: " + what + ": " +
                            std::strerror(errno) + "; without --wait none is needed");
}

}  // namespace

background_process::background_process() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) cannot("pipe");
  const pid_t child = fork();
  if (child < 0) cannot("fork");
  pipe_ = ends[child == 0 ? 1 : 0];
  close(ends[child == 0 ? 0 : 1]);
  // A session of its own: the terminal's interrupt comes once, through the process that waits.
  if (child == 0) setsid();
  else wait_for(child);
}

background_process::~background_process() {
  if (pipe_ >= 0) close(pipe_);
}

void background_process::wait_for(int child) {
  worker = child;
  struct sigaction action {};
  action.sa_handler = pass_on;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  unsigned char code = 0;
  ssize_t got = 0;
  do got = read(pipe_, &code, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1) {
    exit_code_ = code;
    return;
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : cli::exit_code::failed;
}

void background_process::answer(int with) {
  const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
  const auto code = static_cast<unsigned char>(written ? with : cli::exit_code::failed);
  const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3 && nowhere >= 0; ++fd) dup2(nowhere, fd);
  if (nowhere > 2) close(nowhere);
  // Who waited may be gone; the work goes on all the same.
  if (write(pipe_, &code, 1) != 1) clearerr(stdout);
  close(pipe_);
  pipe_ = -1;
}

}  // namespace sluice::cli

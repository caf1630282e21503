#include "cli/interrupt.hpp"

#include <csignal>

#include <unistd.h>

#include "cli/app.hpp"

namespace sluice::cli {

namespace {

volatile std::sig_atomic_t count = 0;

extern "C" void count_interrupt(int) {
  count = count + 1;
  if (count > 1) _exit(exit_code::cancelled);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = count_interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() { return count > 0; }

}  // namespace sluice::cli

// Ctrl-C for commands that read: the first one ends them in order, the second at once.
#pragma once

namespace sluice::cli {

void catch_interrupts();
[[nodiscard]] bool interrupted();

}  // namespace sluice::cli

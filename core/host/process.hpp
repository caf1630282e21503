// Who holds a lease: this process, told apart from any other that has had or will have its number.
#pragma once

#include "engine/store.hpp"

namespace sluice::host {

[[nodiscard]] engine::holder this_process();
// True only when it is sure: the same machine since the same start, and no such process any more.
[[nodiscard]] bool is_dead(const engine::holder& holder);

}  // namespace sluice::host

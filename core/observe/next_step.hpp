// What a person does about an error, as docs/errors.md says it.
#pragma once

#include <string_view>

namespace sluice::observe {

// Of "SLU-2012"; empty for a code that is not there, such as a plugin's own.
[[nodiscard]] std::string_view next_step(std::string_view code) noexcept;

}  // namespace sluice::observe

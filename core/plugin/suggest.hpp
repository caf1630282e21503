// "did you mean `deadline`?": the known word that is nearest to a mistyped one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::plugin {

// The nearest of `known`, when at most a third of its letters differ; else empty.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> known);

// "did you mean `x`?", or "known are: a, b, c", or empty when there is nothing to name.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string> known);

}  // namespace sluice::plugin

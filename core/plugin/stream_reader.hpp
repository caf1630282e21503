// Reads the streams of a domain from plugin.json and checks that they hang together.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include <sluice/schema.hpp>

#include "plugin/strict_json.hpp"

namespace sluice::plugin {

[[nodiscard]] stream_schema read_stream(const nlohmann::json& value, const std::string& pointer,
                                        problem_list& problems);

// Rules over a whole stream: key, reserved names, references, derived key, measures, indexes.
void check_stream(const stream_schema& stream, const std::string& pointer, problem_list& problems);

}  // namespace sluice::plugin

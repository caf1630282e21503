// What people find a workflow by, in Temporal's UI and command line: its memo, which it always has, and the attributes for
// searches, which a cluster must have been told of.
#pragma once

#include <string>
#include <string_view>

#include "temporal/cluster.hpp"

namespace sluice::durable {

inline constexpr const char* by_tenant = "SluiceTenant";
inline constexpr const char* by_pipeline = "SluicePipeline";

void add_memo(common::Memo& to, const workflow_input& of);
// What the run is at from now on.
void add_phase(common::Memo& to, const std::string& phase);
// A few words that stand in place of an id or a type.
void add_summary(::temporal::api::sdk::v1::UserMetadata& to, const std::string& words);
void add_search_attributes(common::SearchAttributes& to, const workflow_input& of);
// Of the program that decided.
void add_version(ws::RespondWorkflowTaskCompletedRequest& to, std::string_view version);

// Asks what the cluster says of the namespace, and sets whether it is searchable.
[[nodiscard]] answer introduce(cluster& to);
// The command that makes it so.
[[nodiscard]] std::string register_command(const settings& to);

}  // namespace sluice::durable

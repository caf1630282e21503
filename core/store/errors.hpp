// The codes of everything that a store can refuse, and short ways to throw them.
#pragma once

#include <string>

#include "engine/failure.hpp"

namespace sluice::store {

namespace code {
// fences: another attempt owns it
inline constexpr const char* fenced_run = "SLU-5001";    // the run's lease belongs to somebody else
inline constexpr const char* fenced_stage = "SLU-5002";  // the stage has a newer attempt, or has ended
inline constexpr const char* fenced_page = "SLU-5003";  // the item's checkpoint is elsewhere, or it has ended
// the database itself
inline constexpr const char* busy = "SLU-5010";  // locked, deadlock, timeout: try again
inline constexpr const char* disk_full = "SLU-5011";
inline constexpr const char* connection = "SLU-5012";   // lost, or cannot be made
inline constexpr const char* in_doubt = "SLU-5013";     // the connection was lost during a commit
inline constexpr const char* too_many = "SLU-5014";     // connections, locks: the server is full
inline constexpr const char* unsafe = "SLU-5015";       // the server is set up to lose commits
inline constexpr const char* unsupported = "SLU-5016";  // unknown store, server too old, wrong encoding
inline constexpr const char* refused = "SLU-5070";      // the role, its password or the database
// its files and schema
inline constexpr const char* schema_old = "SLU-5020";
inline constexpr const char* schema_new = "SLU-5021";
inline constexpr const char* damaged = "SLU-5022";  // truncated, not a database, fails its check
inline constexpr const char* cannot_open = "SLU-5023";
inline constexpr const char* read_only = "SLU-5024";
inline constexpr const char* held = "SLU-5025";          // another process writes to it
inline constexpr const char* disk_failed = "SLU-5071";   // the disk itself: nothing is written any more
inline constexpr const char* network_disk = "SLU-5072";  // a file system without reliable locks
inline constexpr const char* clock_back = "SLU-5073";    // the database's clock is before what it has written
// tables of streams
inline constexpr const char* type_changed = "SLU-5030";
inline constexpr const char* column_removed = "SLU-5031";
inline constexpr const char* claimed = "SLU-5032";  // by another plugin, or a table that is not ours
inline constexpr const char* key_changed = "SLU-5033";
inline constexpr const char* bad_stream = "SLU-5034";  // a declaration that no table can be made of
// use
inline constexpr const char* unknown_stream = "SLU-5040";
inline constexpr const char* unknown_run = "SLU-5041";
inline constexpr const char* unproven = "SLU-5042";      // the account of a stage does not balance
inline constexpr const char* bad_batch = "SLU-5043";     // a batch that contradicts itself
inline constexpr const char* deletes_held = "SLU-5044";  // too many at once; see `sluice runs approve`
inline constexpr const char* suspect = "SLU-5045";       // nothing where there was something
inline constexpr const char* not_held = "SLU-5046";      // there is nothing to approve
inline constexpr const char* tenant_busy = "SLU-5047";   // a run of the tenant is open
inline constexpr const char* internal = "SLU-5050";
}  // namespace code

[[nodiscard]] inline engine::failure fenced(const char* c, std::string message) {
  return {engine::failure_class::fenced, c, std::move(message)};
}
[[nodiscard]] inline engine::failure invalid(const char* c, std::string message) {
  return {engine::failure_class::invalid, c, std::move(message)};
}
[[nodiscard]] inline engine::failure transient(const char* c, std::string message) {
  return {engine::failure_class::transient, c, std::move(message)};
}
[[nodiscard]] inline engine::failure internal(const char* c, std::string message) {
  return {engine::failure_class::internal, c, std::move(message)};
}

}  // namespace sluice::store

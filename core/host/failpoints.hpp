// What happens at failpoints, by the environment. Not in release builds: there this is nothing.
//
//   SLUICE_FAILPOINTS="commit.after_rows=kill@3,finish.before_commit=error"
//       at the third hit, at the first: kill (as kill -9), error (transient), doubt (a commit whose answer is
//       lost), throw (an exception that nobody expects), delay or delay:200 (milliseconds)
//   SLUICE_FAILPOINTS_LOG=FILE   a line for each hit: the name, and what was done about it
#pragma once

namespace sluice::host {

// Ends the program with one line when the variable can't be read. Call once, before any thread is made.
void arm_failpoints();

}  // namespace sluice::host

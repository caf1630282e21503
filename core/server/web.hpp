// The dashboard's files. They are built in: nothing of it is read from the disk, so nothing of it can be missing or changed.
#pragma once

#include <span>
#include <string_view>

#include "server/message.hpp"

namespace sluice::server {

struct web_file {
  std::string_view name, type;
  std::string_view etag;  // of its bytes, in quotes
  std::string_view text;
};

[[nodiscard]] std::span<const web_file> web_files();

// 304 to who has it already. Null for a name that is none of them.
[[nodiscard]] std::optional<answer> web_answer(std::string_view name, const request& r);

}  // namespace sluice::server

// Which files a tenant's read may open, and what it says about the others.
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>

#include "unit/files/fixture.hpp"

namespace sluice::files::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using files = with_files;

TEST_F(files, a_json_file_is_one_page) {
  write("users.json", R"([{"id":"1"}])");
  const page p = fetch(request("users.json"));
  EXPECT_EQ(p.body.view(), R"([{"id":"1"}])");
  EXPECT_EQ(p.format, page_format::json);
  EXPECT_TRUE(p.end);
}

TEST_F(files, the_format_comes_from_the_request_the_name_or_the_source) {
  write("a.csv", "id\n1\n");
  write("b.txt", "{}\n");
  EXPECT_EQ(fetch(request("a.csv")).format, page_format::csv);
  EXPECT_EQ(fetch(request("a.csv", R"(,"format":"ndjson")")).format, page_format::ndjson);
  EXPECT_EQ(fetch(request("b.txt"), "", "{}", R"(,"format":"ndjson")").format, page_format::ndjson);
  EXPECT_THAT(failure_of(request("b.txt")), StartsWith("SLU-3210"));
  EXPECT_THAT(failure_of(request("b*")), StartsWith("SLU-3210"));
}

// covers: P20
TEST_F(files, a_tenant_reads_its_own_folder) {
  std::filesystem::create_directory(root_ / "other");
  std::ofstream(root_ / "other" / "users.json") << "[]";
  EXPECT_THAT(failure_of(request("users.json")), StartsWith("SLU-3204 `users.json` does not exist"));
  EXPECT_THAT(failure_of(request("../other/users.json")), StartsWith("SLU-3202"));
  EXPECT_THAT(failure_of(request("/etc/passwd")), StartsWith("SLU-3202"));
  EXPECT_THAT(failure_of(request("a//b.json")), StartsWith("SLU-3202"));
}

TEST_F(files, a_value_is_one_name_and_no_pattern) {
  write("ann b.json", "[1]");
  write("x.json", "[2]");
  EXPECT_EQ(fetch(request("${subject}.json"), "", R"({"subject":"ann b"})").body.view(), "[1]");
  for (const char* bad : {"../other/x", "*", "[x]", "a?"}) {
    EXPECT_THAT(failure_of(request("${subject}.json"), "", std::string(R"({"subject":")") + bad + "\"}"),
                StartsWith("SLU-3203"))
        << bad;
  }
  EXPECT_THAT(failure_of(request("${subject}/x.json"), "", R"({"subject":".."})"), StartsWith("SLU-3203"));
  EXPECT_THAT(failure_of(request("${subject}/x.json"), "", R"({"subject":""})"), StartsWith("SLU-3203"));
  EXPECT_THAT(failure_of(request("${subject}.json")), StartsWith("SLU-3901"));
}

// covers: P24
TEST_F(files, links_pipes_and_folders_are_refused) {
  write("real.json", "[]");
  write("sub/real.json", "[]");
  std::filesystem::create_symlink("/etc/passwd", root_ / "acme" / "out.json");
  std::filesystem::create_symlink("real.json", root_ / "acme" / "in.json");
  std::filesystem::create_directory_symlink(root_ / "acme" / "sub", root_ / "acme" / "away");
  ASSERT_EQ(::mkfifo((root_ / "acme" / "pipe.json").c_str(), 0600), 0);
  std::filesystem::create_directory(root_ / "acme" / "dir.json");
  EXPECT_THAT(failure_of(request("out.json")), StartsWith("SLU-3205 `out.json` is a symbolic link"));
  EXPECT_THAT(failure_of(request("in.json")), StartsWith("SLU-3205"));
  EXPECT_THAT(failure_of(request("away/real.json")), StartsWith("SLU-3205"));
  EXPECT_THAT(failure_of(request("pipe.json")), StartsWith("SLU-3205 `pipe.json` is not a regular file"));
  EXPECT_THAT(failure_of(request("dir.json")), StartsWith("SLU-3205"));
  EXPECT_THAT(failure_of(request("real.json/x.json")), StartsWith("SLU-3205"));
  EXPECT_THAT(failure_of(request("*.json")), StartsWith("SLU-3205"));
  EXPECT_EQ(fetch(request("sub/real.json")).body.view(), "[]");
}

// covers: U10
TEST_F(files, nothing_there_is_never_an_empty_read) {
  EXPECT_THAT(failure_of(request("*.json")), HasSubstr("no file matches `*.json`"));
  write("empty.ndjson", "");
  EXPECT_THAT(failure_of(request("empty.ndjson")), StartsWith("SLU-3211"));
}

// covers: U16, P25
TEST_F(files, sizes_are_capped) {
  write("big.json", std::string(1025, ' '));
  EXPECT_THAT(failure_of(request("big.json"), "", "{}", R"(,"max_file":"1KiB")"), StartsWith("SLU-3206"));
  write("exact.json", std::string(1024, ' '));
  EXPECT_EQ(fetch(request("exact.json"), "", "{}", R"(,"max_file":"1KiB")").body.size(), 1024U);
}

TEST_F(files, wrong_settings_are_named) {
  EXPECT_THAT(failure_of(request("a.json", R"(,"page":{"bytes":"4 apples"})")),
              StartsWith("SLU-3202 bytes: `4 apples`"));
  EXPECT_THAT(failure_of(request("a.json", R"(,"page":{"bytes":"33MiB"})")),
              StartsWith("SLU-3202 page.bytes"));
  EXPECT_THAT(failure_of(request("*/a.json")), StartsWith("SLU-3202 path"));
  EXPECT_THAT(failure_of("{}"), StartsWith("SLU-3202"));
  EXPECT_THAT(failure_of(request("a.json"), "", "{}", R"(,"format":"xml")"), StartsWith("SLU-3201"));
}

TEST_F(files, a_cancelled_call_reads_nothing) {
  write("a.json", "[]");
  call_.cancel();
  EXPECT_THAT(failure_of(request("a.json")), StartsWith("SLU-2903"));
}

}  // namespace
}  // namespace sluice::files::test

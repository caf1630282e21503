// Tokens: what is kept of them, and whom they let in.
#include "server/tokens.hpp"

#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "plugin/error.hpp"

namespace sluice::server {

namespace {

namespace fs = std::filesystem;

class tokens : public ::testing::Test {
 protected:
  tokens() : folder_(fs::path(::testing::TempDir()) / ("tokens-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~tokens() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path file() const { return folder_ / "tokens.json"; }
  [[nodiscard]] std::string text() const {
    std::ifstream in(file());
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  std::string refusal(const std::string& content, unsigned mode = 0600) {
    std::ofstream(file()) << content;
    fs::permissions(file(), static_cast<fs::perms>(mode));
    try {
      static_cast<void>(read_tokens(file()));
      return "read";
    } catch (const plugin::error& e) {
      return e.code() == "SLU-7123" ? e.message() : e.code();
    }
  }

  fs::path folder_;
};

}  // namespace

// covers: P21, P22
TEST_F(tokens, let_in_who_has_one_and_keep_none) {
  token_entry acme{{}, {}, "acme", {"run:read"}, 100, 0, {}}, all{{}, {}, "*", {"admin"}, 100, 200, {}};
  const std::string first = make_token(acme), second = make_token(all);
  EXPECT_NE(first, second);
  write_tokens(file(), {acme, all});
  struct stat s {};
  ASSERT_EQ(stat(file().c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777U, 0600U);
  EXPECT_EQ(text().find(first.substr(13, 43)), std::string::npos) << "the secret is in the file";
  const auto kept = read_tokens(file());
  EXPECT_EQ(find_token(kept, first, 150)->tenant, "acme");
  EXPECT_TRUE(find_token(kept, second, 199)->covers_all());
  EXPECT_FALSE(find_token(kept, second, 200)) << "its time is over";
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator{}), 1)
      << "something was left beside";
}

// covers: A5
TEST_F(tokens, that_are_not_quite_right_are_none) {
  token_entry acme{{}, {}, "acme", {}, 0, 0, {}}, other = acme;
  const std::string good = make_token(acme), foreign = make_token(other);
  const std::vector<token_entry> all{acme};
  EXPECT_TRUE(find_token(all, good, 1));
  std::string swapped = good;
  swapped.replace(13, 43, foreign.substr(13, 43));
  std::string turned = good;
  turned[20] = turned[20] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(), std::string("slu_"), foreign, swapped, turned, good + "x",
                                 " " + good, good.substr(0, good.size() - 1), std::string(1'000'000, 'a')}) {
    EXPECT_FALSE(find_token(all, bad, 1)) << bad.substr(0, 80);
  }
  EXPECT_FALSE(find_token({}, good, 1));
  token_entry emptied = acme;
  emptied.hash.clear();
  EXPECT_FALSE(find_token({emptied}, good, 1));
}

TEST_F(tokens, may_do_what_their_scopes_say) {
  const token_entry reader{{}, {}, "acme", {"run:read"}, 0, 0, {}}, admin{{}, {}, "*", {"admin"}, 0, 0, {}},
      none{{}, {}, "acme", {}, 0, 0, {}};
  EXPECT_TRUE(reader.may(right::read));
  EXPECT_TRUE(reader.may(right::known));
  EXPECT_FALSE(reader.may(right::start));
  EXPECT_FALSE(reader.may(right::admin));
  EXPECT_TRUE(admin.may(right::start));
  EXPECT_TRUE(none.may(right::known));
  EXPECT_FALSE(none.may(right::read));
  EXPECT_EQ(known_scopes().size(), 6U);
}

TEST_F(tokens, stand_in_a_file_that_is_theirs_alone) {
  EXPECT_TRUE(read_tokens(file()).empty()) << "none is none";
  EXPECT_EQ(refusal(R"({"tokens": []})"), "read");
  EXPECT_NE(refusal(R"({"tokens": []})", 0644).find("chmod 0600"), std::string::npos);
  EXPECT_NE(refusal(R"({"tokens": []})", 0620).find("chmod 0600"), std::string::npos);
  for (const char* bad :
       {"", "[]", "{", R"({"tokens": [{}]})", R"({"tokens": [], "more": 1})",
        R"({"tokens": [{"id": "a", "sha256": "b", "tenant": "t", "scopes": "all"}]})",
        R"({"tokens": [{"id": "a", "sha256": "b", "tenant": "t", "scopes": [], "expires": "never"}]})"}) {
    EXPECT_NE(refusal(bad), "read") << bad;
  }
}

TEST_F(tokens, are_seen_when_the_file_is_another_one) {
  token_entry acme{{}, {}, "acme", {}, 0, 0, {}};
  const std::string token = make_token(acme);
  write_tokens(file(), {acme});
  token_file before(file());
  EXPECT_TRUE(before.find(token));
  fs::permissions(file(), fs::perms(0644));
  token_file after(file());
  EXPECT_THROW(after.find(token), plugin::error);
  EXPECT_FALSE(after.find(token)) << "a file that can't be used admits nobody";
}

}  // namespace sluice::server

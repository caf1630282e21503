// The files of the dashboard that are built in: whole, and nothing in them that its policy forbids.
#include "server/web.hpp"

#include <regex>
#include <string>

#include <gtest/gtest.h>

namespace sluice::server {

namespace {

std::vector<std::string> found(std::string_view text, const std::string& pattern) {
  const std::string all(text);
  const std::regex what(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator at(all.begin(), all.end(), what), end; at != end; ++at)
    out.push_back((*at)[1].str());
  return out;
}

bool is_there(const std::string& name) { return web_answer(name, {}).has_value(); }

}  // namespace

TEST(web, has_every_file_that_its_files_name) {
  std::size_t named = 0;
  for (const web_file& f : web_files()) {
    for (const std::string& name : found(f.text, "(?:src|href)[=:] ?\"web/([^\"]+)\"")) {
      EXPECT_TRUE(is_there(name)) << f.name << " names " << name;
      ++named;
    }
    for (const std::string& name : found(f.text, "from \"\\./([^\"]+)\"")) {
      EXPECT_TRUE(is_there(name)) << f.name << " imports " << name;
      ++named;
    }
  }
  EXPECT_GT(named, 20U);
}

// covers: P21
TEST(web, holds_nothing_that_runs_inside_a_page_or_lies_elsewhere) {
  for (const web_file& f : web_files()) {
    for (const std::string& address : found(f.text, "((?:https?:)?//[a-z][a-z0-9.-]*\\.[a-z]+)"))
      EXPECT_EQ(address, "http://www.w3.org") << f.name << " names another host";
    if (f.type.starts_with("text/html")) {
      EXPECT_TRUE(found(f.text, "(<style|style=|javascript:|\\son[a-z]+=|<script(?![^>]*src=))").empty())
          << f.name;
    }
    EXPECT_TRUE(found(f.text, "(innerHTML|outerHTML|insertAdjacentHTML|document\\.write|\\beval\\()").empty())
        << f.name;
  }
}

TEST(web, is_sent_once_and_then_confirmed) {
  const answer first = *web_answer("app.js", {});
  EXPECT_EQ(first.status, 200U);
  EXPECT_EQ(first.type, "text/javascript; charset=utf-8");
  const std::map<std::string, std::string> headers(first.headers.begin(), first.headers.end());
  EXPECT_EQ(headers.at("Cache-Control"), "no-cache");
  EXPECT_NE(headers.at("Content-Security-Policy").find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(headers.at("Content-Security-Policy").find("unsafe"), std::string::npos);

  request again;
  again.headers["if-none-match"] = "\"other\", W/" + headers.at("ETag");
  const answer same = *web_answer("app.js", again);
  EXPECT_EQ(same.status, 304U);
  EXPECT_TRUE(same.body.empty());
  again.headers["if-none-match"] = "\"other\"";
  EXPECT_EQ(web_answer("app.js", again)->body, first.body);
  EXPECT_FALSE(is_there("app"));
  EXPECT_FALSE(is_there("../app.js"));
}

}  // namespace sluice::server

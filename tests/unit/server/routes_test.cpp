// The route table, and the description that is made of it.
#include "server/routes.hpp"

#include <set>

#include <gtest/gtest.h>

#include "server/openapi.hpp"

namespace sluice::server {

// covers: P21
TEST(routes, say_what_they_need) {
  std::set<std::string> ids, places;
  for (const route& r : routes()) {
    EXPECT_TRUE(ids.insert(std::string(r.id)).second) << r.id;
    EXPECT_TRUE(places.insert(std::string(r.method) + " " + std::string(r.path)).second) << r.path;
    EXPECT_FALSE(r.summary.empty());
    EXPECT_FALSE(r.statuses.empty());
    EXPECT_NE(r.carry_out, nullptr);
    const bool is_open = r.path == "/livez" || r.path == "/readyz" || r.path == "/" || r.path == "/web/{file}";
    EXPECT_EQ(r.needs == right::anybody, is_open) << r.path << " is open to anybody";
    EXPECT_TRUE(r.needs != right::known || r.path == "/openapi.json") << r.path << " needs no scope";
    EXPECT_EQ(r.path.find("{tenant}") != std::string_view::npos, r.about == reach::tenant) << r.path;
    EXPECT_EQ(r.path.find("{run_id}") != std::string_view::npos, r.about == reach::object) << r.path;
    EXPECT_TRUE(r.method == "GET" || r.needs != right::read) << r.path << " changes something";
  }
}

TEST(openapi, has_every_route_and_no_other) {
  const nlohmann::json doc = openapi();
  std::size_t operations = 0;
  for (const auto& [path, methods] : doc["paths"].items()) operations += methods.size();
  EXPECT_EQ(operations, routes().size());
  for (const route& r : routes()) {
    std::string method(r.method);
    for (char& c : method) c = static_cast<char>(c | 0x20);
    const auto& operation = doc["paths"][std::string(r.path)][method];
    EXPECT_EQ(operation["operationId"], r.id);
    EXPECT_EQ(operation.contains("requestBody"), r.body != nullptr);
    EXPECT_TRUE(doc["components"]["schemas"].contains(std::string(r.answers))) << r.answers;
  }
}

TEST(openapi, refers_to_schemas_that_are_there) {
  const nlohmann::json doc = openapi();
  const std::string text = doc.dump();
  const std::string begin = "\"#/components/schemas/";
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(begin, at)) != std::string::npos; ++found) {
    at += begin.size();
    const std::string name = text.substr(at, text.find('"', at) - at);
    EXPECT_TRUE(doc["components"]["schemas"].contains(name)) << name;
  }
  EXPECT_GT(found, routes().size());
}

}  // namespace sluice::server

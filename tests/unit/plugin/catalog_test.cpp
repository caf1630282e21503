#include "plugin/catalog.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "plugin/error.hpp"

namespace sluice::plugin {

namespace fs = std::filesystem;

namespace {

std::string domain(const std::string& name, const std::string& stream, const std::string& extra = "") {
  return R"({"name": ")" + name +
         R"(", "version": "1.0", "sdk": "1.0", "components": [
         {"kind": "domain", "name": ")" +
         name + R"(", "streams": [{"name": ")" + stream +
         R"(",
          "columns": [{"name": "external_id", "type": "text", "required": true}], "key": ["external_id"])" +
         extra + "}]}]}";
}

class catalog_test : public ::testing::Test {
 protected:
  catalog_test() {
    std::string pattern = (fs::temp_directory_path() / "sluice-catalog-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    root_ = fs::canonical(pattern);
  }
  ~catalog_test() override { fs::remove_all(root_); }

  void install(const std::string& folder, const std::string& text) const {
    fs::create_directories(root_ / folder);
    std::ofstream(root_ / folder / "plugin.json") << text;
  }
  std::string lines(const catalog& c) const {
    std::string out;
    for (const problem& p : c.problems()) out += (out.empty() ? "" : "\n") + p.code + " " + to_line(p);
    const std::string root = root_.string() + "/";
    for (auto at = out.find(root); at != out.npos; at = out.find(root)) out.erase(at, root.size());
    return out;
  }

  fs::path root_;
};

}  // namespace

TEST_F(catalog_test, a_searched_folder_that_is_a_plugin_gets_a_hint) {
  install("p/shop", domain("shop", "orders"));
  const catalog c = catalog::scan({root_ / "p/shop"});
  EXPECT_EQ(lines(c).find("SLU-2009 p/shop: this folder is itself a plugin; name the folder that holds it: "),
            0U);
  EXPECT_TRUE(c.problems().at(0).warning);
  EXPECT_TRUE(c.plugins().empty());
}

TEST_F(catalog_test, finds_components_by_kind_and_name) {
  install("p/shop", domain("shop", "orders"));
  install("p/crew", domain("crew", "people"));
  fs::create_directories(root_ / "p/not_a_plugin");
  const catalog c = catalog::scan({root_ / "p"});
  EXPECT_EQ(lines(c), "");
  EXPECT_EQ(c.names(component_kind::domain), (std::vector<std::string>{"crew", "shop"}));
  const found_component shop = c.find(component_kind::domain, "shop");
  ASSERT_TRUE(shop);
  EXPECT_EQ(shop.item->streams[0].name, "orders");
  EXPECT_EQ(shop.plugin->folder, root_ / "p/shop");
  EXPECT_TRUE(shop.plugin->library.empty());
  EXPECT_FALSE(c.find(component_kind::source, "shop"));
}

TEST_F(catalog_test, keeps_good_plugins_beside_a_broken_one) {
  install("p/shop", domain("shop", "orders"));
  install("p/crew", "{");
  const catalog c = catalog::scan({root_ / "p"});
  EXPECT_TRUE(c.find(component_kind::domain, "shop"));
  ASSERT_NE(c.find_plugin("crew"), nullptr);
  EXPECT_TRUE(c.find_plugin("crew")->broken);
  try {
    (void)c.require(component_kind::domain, "crew");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "SLU-2002");
  }
}

TEST_F(catalog_test, refuses_the_second_of_two_that_offer_the_same) {
  install("p/shop", domain("shop", "orders"));
  std::string twin = domain("twin", "orders_too");
  twin.replace(twin.rfind("\"twin\""), 6, "\"shop\"");
  install("p/twin", twin);
  install("q/shop", domain("shop", "orders"));
  const catalog c = catalog::scan({root_ / "p", root_ / "q"});
  EXPECT_EQ(lines(c),
            "SLU-2004 q/shop/plugin.json: /name: plugin `shop` is offered by p/shop/plugin.json too; remove "
            "one of the "
            "two\n"
            "SLU-2004 p/twin/plugin.json: /components/0: domain `shop` is offered by p/shop/plugin.json too; "
            "remove one "
            "of the two");
  EXPECT_EQ(c.find(component_kind::domain, "shop").plugin->folder, root_ / "p/shop");
}

TEST_F(catalog_test, refuses_a_plugin_that_is_called_otherwise_than_its_folder) {
  install("p/store", domain("shop", "orders"));
  EXPECT_EQ(lines(catalog::scan({root_ / "p"})),
            "SLU-2003 p/store/plugin.json: /name: the plugin calls itself `shop` but its folder is `store`; "
            "rename the "
            "folder and the library to `shop`");
}

TEST_F(catalog_test, checks_references_between_plugins_when_both_are_there) {
  const std::string reference =
      R"(, "references": [{"name": "buyer", "to": "people", "columns": ["kind", "external_id"]}])";
  install("p/shop", domain("shop", "orders", reference));
  EXPECT_EQ(lines(catalog::scan({root_ / "p"})), "");
  install("p/crew", domain("crew", "people"));
  const catalog c = catalog::scan({root_ / "p"});
  EXPECT_EQ(lines(c),
            "SLU-2005 p/shop/plugin.json: reference `buyer` of stream `orders` names the columns (kind, "
            "external_id), but "
            "the key of `people` is (external_id); name the key's columns, in order");
  EXPECT_FALSE(c.find(component_kind::domain, "shop"));
}

TEST_F(catalog_test, tells_of_a_folder_that_is_not_there) {
  EXPECT_EQ(lines(catalog::scan({root_ / "nowhere"})),
            "SLU-2007 nowhere: the plugin folder can't be read: No such file or directory; make it, or mend "
            "the path in "
            "the host file");
}

}  // namespace sluice::plugin

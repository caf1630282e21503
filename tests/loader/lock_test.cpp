#include "loader/support.hpp"
#include "plugin/file.hpp"

namespace sluice::plugin::test {

using a_lock_file = loader_test;

TEST_F(a_lock_file, has_one_sorted_line_for_each_plugin) {
  const fs::path pages = install("pages"), good = install("good");
  EXPECT_EQ(lock_file::of(scan()).text(),
            "good 1.2.3 " + sha256_hex(read(good)) + "\npages 1.2.3 " + sha256_hex(read(pages)) + "\n");
}

TEST_F(a_lock_file, comes_back_as_it_was_written) {
  install("good");
  const lock_file made = lock_file::of(scan());
  made.write(root_ / "sluice.lock");
  EXPECT_EQ(lock_file::read(root_ / "sluice.lock").pins(), made.pins());
  EXPECT_EQ(refusal("good", component_kind::domain, lock_file::read(root_ / "sluice.lock")), "loaded");
}

// covers: P23
TEST_F(a_lock_file, refuses_another_build_and_names_both_digests) {
  const fs::path library = install("good");
  lock_file::of(scan()).write(root_ / "sluice.lock");
  const std::string before = sha256_hex(read(library));
  write(library, read(library) + "x");
  EXPECT_EQ(
      refusal("good", component_kind::domain, lock_file::read(root_ / "sluice.lock")),
      "SLU-2017 plugins/good/good.so: sha256 is " + sha256_hex(read(library)) + ", but sluice.lock pins " +
          before +
          " (version 1.2.3); install the pinned build, or check this one and run `sluice plugins lock`");
}

// covers: P23
TEST_F(a_lock_file, refuses_a_plugin_that_it_does_not_pin) {
  install("good");
  lock_file::of(scan()).write(root_ / "sluice.lock");
  install("pages");
  EXPECT_EQ(refusal("pages", component_kind::source, lock_file::read(root_ / "sluice.lock")),
            "SLU-2018 plugins/pages/pages.so: plugin `pages` is not in sluice.lock; check the plugin, then "
            "pin it with "
            "`sluice plugins lock`");
}

TEST_F(a_lock_file, pins_the_description_of_a_plugin_without_code) {
  fs::remove(install("good"));
  replace(plugins_ / "good/plugin.json", R"({"transform": true})", "{}");
  lock_file::of(scan()).write(root_ / "sluice.lock");
  const lock_file lock = lock_file::read(root_ / "sluice.lock");
  EXPECT_EQ(refusal("good", component_kind::domain, lock), "loaded");
  replace(plugins_ / "good/plugin.json", "1.2.3", "1.2.4");
  EXPECT_EQ(refusal("good", component_kind::domain, lock).substr(0, 34),
            "SLU-2017 plugins/good/plugin.json:");
}

TEST_F(a_lock_file, is_not_made_of_a_plugin_that_may_not_be_loaded) {
  fs::permissions(install("good"), fs::perms(0666));
  EXPECT_THROW((void)lock_file::of(scan()), error);
}

// covers: P23
TEST_F(a_lock_file, is_not_believed_when_others_can_write_to_it) {
  install("good");
  lock_file::of(scan()).write(root_ / "sluice.lock");
  fs::permissions(root_ / "sluice.lock", fs::perms(0666));
  try {
    (void)lock_file::read(root_ / "sluice.lock");
    FAIL();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), "SLU-2019");
    EXPECT_NE(e.message().find("others can change the lock file (mode 0666"), std::string::npos)
        << e.message();
  }
}

TEST_F(a_lock_file, says_which_line_is_wrong) {
  const fs::path file = root_ / "sluice.lock";
  const auto why = [&](const std::string& text) {
    write(file, text);
    try {
      (void)lock_file::read(file);
      return std::string("read");
    } catch (const error& e) {
      return without_root(e.message()).substr(0, without_root(e.message()).find(';'));
    }
  };
  const std::string digest(64, 'a');
  EXPECT_EQ(why("# pinned by hand\n\ngood 1.0 " + digest + "\n"), "read");
  EXPECT_EQ(why("good 1.0 " + digest + "\ngood 1.0 abc\n"), "sluice.lock:2: is not `name version sha256`");
  EXPECT_EQ(why("good 1.0 " + digest + " more\n"), "sluice.lock:1: is not `name version sha256`");
  EXPECT_EQ(why("good 1.0 " + digest + "\ngood 2.0 " + digest + "\n"),
            "sluice.lock:2: pins `good` a second time");
  fs::remove(file);
  EXPECT_THROW((void)lock_file::read(file), error);
}

}  // namespace sluice::plugin::test

// Each refusal, by a real file made for it, with its exact line.
#include <sys/stat.h>

#include "loader/support.hpp"
#include "plugin/elf.hpp"

namespace sluice::plugin::test {

using refusal_of = loader_test;

TEST_F(refusal_of, nothing_when_the_plugin_is_right) {
  install("good");
  EXPECT_EQ(refusal("good"), "loaded");
}

// covers: G4
TEST_F(refusal_of, a_newer_major_names_both_versions_and_who_upgrades) {
  install("next_major");
  EXPECT_EQ(
      refusal("next_major"),
      "SLU-2031 plugins/next_major/next_major.so: plugin `next_major` 1.2.3 speaks version 2.0 of the plugin "
      "contract; this host (sluice 0.1.0) speaks version 1.0; upgrade sluice on this host, or install an "
      "older "
      "build of the plugin");
}

// covers: G4
TEST_F(refusal_of, an_older_major_names_both_versions_and_who_upgrades) {
  install("past_major");
  EXPECT_EQ(
      refusal("past_major"),
      "SLU-2031 plugins/past_major/past_major.so: plugin `past_major` 1.2.3 speaks version 0.0 of the plugin "
      "contract; this host (sluice 0.1.0) speaks version 1.0; the plugin's maker has to build it for SDK "
      "1.x");
}

// covers: G4
TEST_F(refusal_of, an_entry_of_another_major_is_seen_without_running_code) {
  install("entry_v2");
  EXPECT_EQ(
      refusal("entry_v2"),
      "SLU-2031 plugins/entry_v2/entry_v2.so: plugin `entry_v2` speaks version 2 of the plugin contract; "
      "this "
      "host (sluice 0.1.0) speaks version 1; upgrade sluice on this host, or install an older build of the "
      "plugin");
}

TEST_F(refusal_of, a_newer_sdk_is_read_from_the_metadata_whatever_else_stands_there) {
  install("good");
  replace(plugins_ / "good/plugin.json", R"("sdk": "1.0")", R"("sdk": "1.7", "of_the_future": [1])");
  EXPECT_EQ(refusal("good"),
            "SLU-2020 domain `good` can't be used: plugins/good/plugin.json: /sdk: plugin `good` 1.2.3 needs "
            "sluice "
            "SDK 1.7; this host has SDK 1.0 (sluice 0.1.0); upgrade sluice on this host, or install an older "
            "build of "
            "the plugin");
}

TEST_F(refusal_of, an_older_major_of_the_sdk_names_the_maker) {
  install("good");
  replace(plugins_ / "good/plugin.json", R"("sdk": "1.0")", R"("sdk": "0.9")");
  EXPECT_EQ(refusal("good"),
            "SLU-2021 domain `good` can't be used: plugins/good/plugin.json: /sdk: plugin `good` 1.2.3 needs "
            "sluice "
            "SDK 0.9; this host has SDK 1.0 (sluice 0.1.0); the plugin's maker has to build it for SDK 1.x");
}

// covers: G4
TEST_F(refusal_of, a_missing_entry_symbol) {
  install("no_entry");
  EXPECT_EQ(refusal("no_entry"),
            "SLU-2022 plugins/no_entry/no_entry.so: doesn't export `sluice_plugin_v1`; its maker has to "
            "build it with "
            "sluice_add_plugin()");
}

TEST_F(refusal_of, metadata_that_disagrees_says_where) {
  install("good");
  replace(plugins_ / "good/plugin.json", R"("version": "1.2.3")", R"("version": "1.3.0")");
  EXPECT_EQ(
      refusal("good"),
      "SLU-2033 plugins/good/good.so: was built from another plugin.json than the one beside it: at /version "
      "the "
      "library says \"1.2.3\", the file \"1.3.0\"; install plugin.json and library of one build together");
}

TEST_F(refusal_of, metadata_that_differs_in_white_space_only) {
  install("good");
  replace(plugins_ / "good/plugin.json", "{\n", "{ \n");
  EXPECT_EQ(refusal("good"),
            "SLU-2033 plugins/good/good.so: was built from another plugin.json than the one beside it: only "
            "the white "
            "space or the order of keys differs; install plugin.json and library of one build together");
}

TEST_F(refusal_of, compiled_in_metadata_of_something_else) {
  install("other_text");
  EXPECT_EQ(
      refusal("other_text"),
      "SLU-2033 plugins/other_text/other_text.so: was built from another plugin.json than the one beside it: "
      "`/components` stands in one of them only; install plugin.json and library of one build together");
}

TEST_F(refusal_of, code_for_another_component_than_the_declared_one) {
  install("other_component");
  EXPECT_EQ(refusal("other_component"),
            "SLU-2034 plugins/other_component/other_component.so: has no code for domain `other_component`; "
            "install "
            "plugin.json and library of one build together");
}

TEST_F(refusal_of, a_table_without_the_function_that_a_capability_promises) {
  install("no_transform");
  EXPECT_EQ(refusal("no_transform"),
            "SLU-2035 plugins/no_transform/no_transform.so: domain `no_transform` lacks the function "
            "`transform`; its "
            "maker has to build it with the SDK's own tools");
}

TEST_F(refusal_of, a_description_that_is_cut_short) {
  install("cut_short");
  EXPECT_EQ(refusal("cut_short"),
            "SLU-2032 plugins/cut_short/cut_short.so: its description has 16 bytes, too few; its maker has "
            "to build it "
            "with the SDK's own tools");
}

TEST_F(refusal_of, a_library_that_needs_what_is_not_there) {
  install("unresolved");
  EXPECT_EQ(refusal("unresolved"),
            "SLU-2030 plugins/unresolved/unresolved.so: can't be loaded: plugins/unresolved/unresolved.so: "
            "undefined "
            "symbol: nobody_defines_this; install what it needs (`ldd` lists it)");
}

// covers: P23
TEST_F(refusal_of, a_world_writable_file) {
  fs::permissions(install("good"), fs::perms(0666));
  EXPECT_EQ(refusal("good"),
            "SLU-2013 plugins/good/good.so: others can write to it (mode 0666); run `chmod go-w "
            "plugins/good/good.so`, "
            "and make sure that nobody has changed it");
}

// covers: P23
TEST_F(refusal_of, a_group_writable_plugin_json) {
  install("good");
  fs::permissions(plugins_ / "good/plugin.json", fs::perms(0664));
  EXPECT_EQ(refusal("good"),
            "SLU-2013 plugins/good/plugin.json: others can write to it (mode 0664); run `chmod go-w "
            "plugins/good/plugin.json`, and make sure that nobody has changed it");
}

// covers: P23
TEST_F(refusal_of, a_world_writable_folder) {
  install("good");
  fs::permissions(plugins_ / "good", fs::perms(0777));
  EXPECT_EQ(
      refusal("good"),
      "SLU-2014 plugins/good: others can write to the folder (mode 0777); run `chmod go-w plugins/good`");
}

// covers: P23
TEST_F(refusal_of, a_world_writable_folder_of_all_plugins) {
  install("good");
  fs::permissions(plugins_, fs::perms(01777));
  EXPECT_EQ(refusal("good"),
            "SLU-2014 plugins: others can write to the folder (mode 1777); run `chmod go-w plugins`");
}

// covers: P23
TEST_F(refusal_of, a_file_of_another_user) {
  const fs::path library = install("good");
  if (::chown(library.c_str(), 12345, 12345) != 0) GTEST_SKIP() << "only root can give files away";
  EXPECT_EQ(refusal("good"),
            "SLU-2012 plugins/good/good.so: belongs to user 12345; chown it to root or to the user that runs "
            "sluice");
}

// covers: G4
TEST_F(refusal_of, a_text_file) {
  write(install("good"), "#!/bin/sh\necho this is no library at all\n");
  EXPECT_EQ(refusal("good"), "SLU-2015 plugins/good/good.so: is not an ELF file; install the plugin again");
}

// covers: G4
TEST_F(refusal_of, an_empty_file) {
  write(install("good"), "");
  EXPECT_EQ(refusal("good"), "SLU-2015 plugins/good/good.so: is empty; install the plugin again");
}

// covers: G4
TEST_F(refusal_of, a_library_that_is_cut_off) {
  const fs::path library = install("good");
  fs::resize_file(library, fs::file_size(library) / 2);
  EXPECT_EQ(refusal("good"),
            "SLU-2015 plugins/good/good.so: is an ELF file that is cut off; install the plugin again");
}

// covers: G4
TEST_F(refusal_of, a_program) {
  const fs::path library = install("good");
  std::string bytes = read(library);
  bytes[16] = 2;  // e_type: ET_EXEC
  write(library, bytes);
  EXPECT_EQ(
      refusal("good"),
      "SLU-2015 plugins/good/good.so: is an ELF file but not a shared library; install the plugin again");
}

// covers: G4
TEST_F(refusal_of, another_architecture_names_both) {
  const fs::path library = install("good");
  std::string bytes = read(library);
  const elf_machine host = host_machine();
  const elf_machine other{static_cast<std::uint16_t>(host.id == 183 ? 62 : 183), host.bits,
                          host.little_endian};
  bytes[18] = static_cast<char>(other.id);  // e_machine
  write(library, bytes);
  EXPECT_EQ(refusal("good"), "SLU-2016 plugins/good/good.so: was built for " + to_text(other) +
                                 "; this host is " + to_text(host) + "; install the build for this machine");
}

// covers: P23, G12
TEST_F(refusal_of, a_symbolic_link_to_a_library_elsewhere) {
  const fs::path library = install("good");
  fs::rename(library, root_ / "elsewhere.so");
  fs::create_symlink(root_ / "elsewhere.so", library);
  EXPECT_EQ(refusal("good"),
            "SLU-2011 plugins/good/good.so: is a symbolic link to elsewhere.so; put the file itself there");
}

// covers: P23, G12
TEST_F(refusal_of, a_symbolic_link_to_a_plugin_json_elsewhere) {
  install("good");
  fs::rename(plugins_ / "good/plugin.json", root_ / "plugin.json");
  fs::create_symlink(root_ / "plugin.json", plugins_ / "good/plugin.json");
  EXPECT_EQ(refusal("good"),
            "SLU-2001 domain `good` can't be used: plugins/good/plugin.json: is a symbolic link; put the "
            "file itself "
            "there");
}

// covers: P23, G12
TEST_F(refusal_of, a_folder_that_is_a_symbolic_link) {
  install("good");
  fs::rename(plugins_ / "good", root_ / "good");
  fs::create_directory_symlink(root_ / "good", plugins_ / "good");
  EXPECT_EQ(refusal("good"),
            "SLU-2011 plugins/good: is a symbolic link; put the folder itself into the plugin folder");
}

// covers: P23, G12
TEST_F(refusal_of, a_fifo_in_place_of_the_library) {
  const fs::path library = install("good");
  fs::remove(library);
  ASSERT_EQ(::mkfifo(library.c_str(), 0644), 0);
  EXPECT_EQ(refusal("good"),
            "SLU-2010 plugins/good/good.so: is not a regular file; install the plugin again");
}

TEST_F(refusal_of, a_plugin_whose_library_is_missing) {
  fs::remove(install("good"));
  EXPECT_EQ(refusal("good"),
            "SLU-2023 plugins/good: has no library `good.so`, which its components need; install the plugin "
            "complete; a domain without code must not say `transform`");
}

TEST_F(refusal_of, a_library_without_its_plugin_json) {
  install("good");
  fs::remove(plugins_ / "good/plugin.json");
  EXPECT_EQ(refusal("good"),
            "SLU-2001 domain `good` can't be used: plugins/good/plugin.json: can't be read: No such file or "
            "directory");
}

TEST_F(refusal_of, a_name_that_nobody_offers) {
  install("good");
  EXPECT_EQ(refusal("goood"), "SLU-2006 no installed plugin offers domain `goood`; did you mean `good`?");
}

}  // namespace sluice::plugin::test

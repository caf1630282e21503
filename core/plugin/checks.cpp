#include "plugin/checks.hpp"

#include <algorithm>
#include <system_error>

#include "plugin/codes.hpp"
#include "plugin/elf.hpp"
#include "plugin/file.hpp"
#include "plugin/loader.hpp"

namespace sluice::plugin {

namespace fs = std::filesystem;

namespace {

std::string identity_of(const struct stat& s) {
  return std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino) + ":" + std::to_string(s.st_size) + ":" +
         std::to_string(s.st_mtim.tv_sec) + "." + std::to_string(s.st_mtim.tv_nsec) + ":" +
         std::to_string(s.st_ctim.tv_sec) + "." + std::to_string(s.st_ctim.tv_nsec);
}

class inspector {
 public:
  inspector(const installed_plugin& plugin, const lock_file* lock) : plugin_(plugin), lock_(lock) {}

  inspection run() {
    metadata_usable();
    folder("plugin folder is safe", plugin_.folder.parent_path());
    folder("plugin's own folder is safe", plugin_.folder);
    const bool described = file("plugin.json", plugin_.metadata_file);
    if (!plugin_.library.empty()) {
      if (file("library", plugin_.library)) look_into(plugin_.library, true);
    } else if (plugin_.meta.needs_code()) {
      fail("library is there", code::no_library, plugin_.folder,
           "has no library `" + plugin_.meta.name + ".so`, which its components need",
           "install the plugin complete; a domain without code must not say `transform`");
    } else if (described) {
      look_into(plugin_.metadata_file, false);
    }
    if (lock_ != nullptr && !out_.sha256.empty()) pin();
    out_.findings = findings_.take();
    return std::move(out_);
  }

 private:
  void pass(std::string check) { findings_.pass(std::move(check)); }
  void fail(std::string check, const char* code, const fs::path& where, const std::string& what,
            std::string fix) {
    findings_.fail(std::move(check), code, where, what, std::move(fix));
  }

  void metadata_usable() {
    for (const problem& p : plugin_.problems) {
      const std::string at = p.pointer.empty() ? "" : p.pointer + ": ";
      if (!p.warning) fail("plugin.json is right", p.code.c_str(), p.file, at + p.message, p.help);
    }
    if (findings_.failures() == 0) pass("plugin.json is right");
  }

  // Whoever can write to a folder can swap the files in it.
  void folder(const std::string& check, const fs::path& where) {
    struct stat s {};
    if (::lstat(where.c_str(), &s) != 0 || S_ISLNK(s.st_mode)) {
      return fail(check, code::symlink, where, "is a symbolic link",
                  "put the folder itself into the plugin folder");
    }
    if (!owner_trusted(s)) {
      return fail(check, code::unsafe_folder, where, "the folder belongs to user " + std::to_string(s.st_uid),
                  "chown it to root or to the user that runs sluice");
    }
    if (others_may_write(s)) {
      return fail(check, code::unsafe_folder, where,
                  "others can write to the folder (mode " + mode_text(s) + ")",
                  "run `chmod go-w " + where.string() + "`");
    }
    pass(check);
  }

  bool file(const std::string& what, const fs::path& where) {
    const std::size_t before = findings_.failures();
    struct stat s {};
    if (::lstat(where.c_str(), &s) != 0) {
      fail(what + " is a file", code::not_a_file, where,
           "can't be read: " + std::generic_category().message(errno), "install the plugin again");
    } else if (S_ISLNK(s.st_mode)) {
      std::error_code unreadable;
      fail(what + " is a file", code::symlink, where,
           "is a symbolic link to " + fs::read_symlink(where, unreadable).string(),
           "put the file itself there");
    } else if (!S_ISREG(s.st_mode)) {
      fail(what + " is a file", code::not_a_file, where, "is not a regular file", "install the plugin again");
    } else {
      pass(what + " is a file");
      owner_and_mode(what, where, s);
    }
    return findings_.failures() == before;
  }

  void owner_and_mode(const std::string& what, const fs::path& where, const struct stat& s) {
    if (owner_trusted(s)) pass(what + " belongs to root or the host's user");
    else {
      fail(what + " belongs to root or the host's user", code::wrong_owner, where,
           "belongs to user " + std::to_string(s.st_uid), "chown it to root or to the user that runs sluice");
    }
    if (!others_may_write(s)) pass(what + " is not writable by others");
    else {
      fail(what + " is not writable by others", code::writable_file, where,
           "others can write to it (mode " + mode_text(s) + ")",
           "run `chmod go-w " + where.string() + "`, and make sure that nobody has changed it");
    }
  }

  // Reads what a lock file pins, once: what is hashed is what is checked.
  void look_into(const fs::path& where, bool library) {
    try {
      opened_file opened(where);
      out_.identity = identity_of(opened.info());
      out_.sha256 = sha256_hex(opened.bytes());
      if (!library) return;
      const elf_facts facts = read_elf(opened.bytes());
      out_.exports = facts.exports;
      check_image(facts);
    } catch (const std::system_error& e) {
      fail("file can be read", code::not_a_file, where, "can't be read: " + e.code().message(),
           "give the host's user the right to read it");
    }
  }

  void check_image(const elf_facts& facts) {
    const fs::path& where = plugin_.library;
    if (!facts.fault.empty()) {
      return fail("library is a shared library", code::not_elf, where, facts.fault,
                  "install the plugin again");
    }
    pass("library is a shared library");
    if (!(facts.machine == host_machine())) {
      return fail("library is for this machine", code::wrong_machine, where,
                  "was built for " + to_text(facts.machine) + "; this host is " + to_text(host_machine()),
                  "install the build for this machine");
    }
    pass("library is for this machine");
    entry(facts.exports);
  }

  void entry(const std::vector<std::string>& exports) {
    if (std::binary_search(exports.begin(), exports.end(), SLUICE_PLUGIN_ENTRY_SYMBOL)) {
      return pass("library exports the entry");
    }
    const std::string stem = "sluice_plugin_v";
    const auto other =
        std::find_if(exports.begin(), exports.end(), [&](const auto& s) { return s.starts_with(stem); });
    if (other == exports.end()) {
      return fail("library exports the entry", code::no_entry, plugin_.library,
                  "doesn't export `" SLUICE_PLUGIN_ENTRY_SYMBOL "`",
                  "its maker has to build it with sluice_add_plugin()");
    }
    const std::string version = other->substr(stem.size());
    const bool older = version == "0";
    fail("library exports the entry", code::wrong_major, plugin_.library,
         "plugin `" + plugin_.meta.name + "` speaks version " + version +
             " of the plugin contract; this host (sluice " + std::string(host_version()) +
             ") speaks version " + std::to_string(SLUICE_ABI_MAJOR),
         older ? "the plugin's maker has to build it for SDK " + std::to_string(SLUICE_ABI_MAJOR) + ".x"
               : "upgrade sluice on this host, or install an older build of the plugin");
  }

  void pin() {
    const std::string& sha256 = out_.sha256;
    const fs::path& where = plugin_.library.empty() ? plugin_.metadata_file : plugin_.library;
    const struct pin* wanted = lock_->find(plugin_.meta.name);
    if (wanted == nullptr) {
      return fail("build is the pinned one", code::not_pinned, where,
                  "plugin `" + plugin_.meta.name + "` is not in " + lock_->path().string(),
                  "check the plugin, then pin it with `sluice plugins lock`");
    }
    if (wanted->sha256 != sha256) {
      return fail("build is the pinned one", code::wrong_digest, where,
                  "sha256 is " + sha256 + ", but " + lock_->path().string() + " pins " + wanted->sha256 +
                      " (version " + wanted->version + ")",
                  "install the pinned build, or check this one and run `sluice plugins lock`");
    }
    pass("build is the pinned one");
  }

  const installed_plugin& plugin_;
  const lock_file* lock_;
  finding_list findings_;
  inspection out_;
};

}  // namespace

const finding* inspection::first_failure() const noexcept {
  const auto it =
      std::find_if(findings.begin(), findings.end(), [](const finding& f) { return !f.passed(); });
  return it == findings.end() ? nullptr : &*it;
}

inspection inspect(const installed_plugin& plugin, const lock_file* lock) {
  return inspector(plugin, lock).run();
}

std::string file_identity(const fs::path& file) {
  struct stat s {};
  return ::lstat(file.c_str(), &s) == 0 ? identity_of(s) : std::string();
}

}  // namespace sluice::plugin

// A store as its owner sees it: opened, migrated, given tables for streams, and a source of
// sessions. What a session does is the engine's contract (engine/store.hpp); how every store must
// do it is in README.md of this folder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sluice/schema.hpp>

#include "engine/store.hpp"

namespace sluice::store {

// The version of the machinery's tables that this program writes. Grows by migrations only.
inline constexpr int schema_version = 4;

struct store_options {
  std::string uses;               // "sqlite" or "postgres"
  std::string path;               // sqlite: the file
  std::string dsn;                // postgres; may hold a password, is never shown
  int pool = 4;                   // postgres: connections
  std::string schema = "public";  // postgres: where the tables of streams are
  bool read_only = false;         // sessions that only list and show; takes no lock
};

struct migration_result {
  int from = 0, to = 0;  // equal: nothing was to be done
};

struct stream_description {
  std::string name, plugin, plugin_version;
};

struct store_description {
  std::string kind;      // "sqlite"
  std::string version;   // of the database software
  std::string location;  // the file, or host/database; without secrets
  int schema = 0;        // of the machinery as found; 0: none
  std::vector<stream_description> streams;
};

class store {
 public:
  store() = default;
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  virtual ~store() = default;

  // Makes the machinery's tables or brings them up to date, in one transaction for each version.
  virtual migration_result migrate() = 0;
  // Of the machinery as found; 0: there is none.
  [[nodiscard]] virtual int version() { return describe().schema; }
  // Throws invalid: "schema 1, need 2: run `sluice migrate`", or that the database is newer.
  virtual void check_version() = 0;
  // By the database's clock, in microseconds since 1970.
  [[nodiscard]] virtual std::int64_t now_us() { return open_session()->now_us(); }
  // Makes or widens the tables of a plugin's streams, all or nothing. One line for each change made.
  // Throws invalid with one clear line: see diff_stream in schema.hpp.
  virtual std::vector<std::string> ensure_streams(const std::string& plugin,
                                                  const std::string& plugin_version,
                                                  const std::vector<stream_schema>& streams) = 0;
  // Any thread may ask a store. Its sessions may be used at the same time, each by one thread.
  [[nodiscard]] virtual std::unique_ptr<engine::session> open_session() = 0;
  [[nodiscard]] virtual store_description describe() = 0;
  // How many sessions are worth having at once.
  [[nodiscard]] virtual int writers() const = 0;
};

// Opens, and refuses what is damaged, held or unsafe. Does not migrate.
[[nodiscard]] std::unique_ptr<store> open_store(const store_options& options);

}  // namespace sluice::store

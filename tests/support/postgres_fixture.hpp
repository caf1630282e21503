// A private PostgreSQL cluster for tests: started once for a test program, one fresh database a test.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::testing {

class postgres_cluster {
 public:
  // The cluster of this program, stopped at its end. Null when no server is installed: skip the test.
  [[nodiscard]] static postgres_cluster* shared();

  postgres_cluster(const postgres_cluster&) = delete;
  postgres_cluster& operator=(const postgres_cluster&) = delete;
  ~postgres_cluster();

  // Makes an empty database and returns its DSN.
  [[nodiscard]] std::string new_database();
  // Kills every server process at once, as a power cut would, and starts the cluster again.
  void crash();

  // The first column of the first row as text, "" when there is none. Throws std::runtime_error.
  static std::string query(const std::string& dsn, const std::string& sql);

 private:
  explicit postgres_cluster(std::filesystem::path folder, std::string dsn);
  std::filesystem::path folder_;
  std::string dsn_;
  int databases_ = 0;
};

}  // namespace sluice::testing

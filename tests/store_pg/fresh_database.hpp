// A test with a connection to a database of its own.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "store/postgres/connection.hpp"
#include "support/postgres_fixture.hpp"

namespace sluice::store::postgres {

class fresh_database : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::postgres_cluster* cluster = testing::postgres_cluster::shared();
    if (cluster == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed";
    dsn_ = cluster->new_database();
    database_ = std::make_unique<connection>(dsn_);
  }
  void kill_backend() {
    const std::string pid(database_->query("SELECT pg_backend_pid()").text(0, 0));
    testing::postgres_cluster::query(dsn_, "SELECT pg_terminate_backend(" + pid + ", 5000)");
  }

  std::string dsn_;
  std::unique_ptr<connection> database_;
};

}  // namespace sluice::store::postgres

#include "support/postgres_fixture.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <utility>

#include <libpq-fe.h>
#include <sys/wait.h>

namespace sluice::testing {

namespace {

struct outcome {
  int exit_code = 0;
  std::string out;
};

outcome run_script(const std::string& arguments) {
  const std::string command =
      std::string("'") + SLUICE_SOURCE_DIR "/tests/support/with_postgres.sh' " + arguments;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  outcome result;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.out.append(buffer, n);
  const int status = ::pclose(pipe);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
  while (!result.out.empty() && result.out.back() == '\n') result.out.pop_back();
  return result;
}

std::filesystem::path make_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "sluice-pg.XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder " + pattern);
  return pattern;
}

}  // namespace

postgres_cluster::postgres_cluster(std::filesystem::path folder, std::string dsn)
    : folder_(std::move(folder)), dsn_(std::move(dsn)) {}

postgres_cluster::~postgres_cluster() { run_script("stop '" + folder_.string() + "'"); }

postgres_cluster* postgres_cluster::shared() {
  static const std::unique_ptr<postgres_cluster> cluster = [] {
    std::filesystem::path folder = make_folder();
    outcome started = run_script("start '" + folder.string() + "'");
    if (started.exit_code == 77) {
      std::filesystem::remove_all(folder);
      return std::unique_ptr<postgres_cluster>();
    }
    if (started.exit_code != 0) throw std::runtime_error("the private PostgreSQL cluster did not start");
    return std::unique_ptr<postgres_cluster>(new postgres_cluster(std::move(folder), std::move(started.out)));
  }();
  return cluster.get();
}

std::string postgres_cluster::new_database() {
  const std::string name = "test_" + std::to_string(++databases_);
  query(dsn_, "CREATE DATABASE " + name);
  std::string dsn = dsn_;
  const std::string before = "dbname=postgres";
  return dsn.replace(dsn.find(before), before.size(), "dbname=" + name);
}

void postgres_cluster::crash() {
  if (run_script("restart '" + folder_.string() + "'").exit_code != 0) {
    throw std::runtime_error("the private PostgreSQL cluster did not come back");
  }
}

std::string postgres_cluster::query(const std::string& dsn, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(dsn.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection.get()));
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  }
  return PQntuples(result.get()) > 0 ? std::string(PQgetvalue(result.get(), 0, 0)) : std::string();
}

}  // namespace sluice::testing

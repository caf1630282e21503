// Whether what a store holds of a tenant is what it says that it holds: hashes, parents, the ledger.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/row_key.hpp"
#include "engine/store.hpp"

namespace sluice::host {

struct difference {
  std::string kind;         // value | reference | ledger | deferred | missing | extra | different
  std::string stream, key;  // of rows
  std::string column;       // what is wrong of it, where that is known
  std::string run_id;       // of the ledger
  std::string what;
};

struct verified_stream {
  std::string name;
  std::int64_t rows = 0, tombstones = 0, differences = 0;
};

struct verify_report {
  std::string tenant;
  std::vector<verified_stream> streams;
  std::int64_t runs = 0, deferred = 0;
  std::int64_t differences = 0;   // all of them
  std::vector<difference> first;  // at most as many as were asked for
  [[nodiscard]] bool good() const noexcept { return differences == 0; }
};

class verifier {
 public:
  verifier(engine::session& session, std::string tenant, std::size_t show);

  // Each looks at one part and adds what it finds.
  void rows();
  void deferred();
  void runs();
  void add(difference d);
  // Some that are not named.
  void add_more(std::int64_t n) { report_.differences += n; }
  [[nodiscard]] verify_report& report() noexcept { return report_; }

 private:
  void look_at(const engine::stored_page& page, verified_stream& of);
  void look_at_parent(const stream_schema& schema, std::size_t reference, const engine::stored_info& row,
                      verified_stream& of);
  void add_row(verified_stream& of, difference d);

  engine::session& session_;
  std::size_t show_;
  verify_report report_;
};

[[nodiscard]] nlohmann::json to_json(const verify_report& report);
[[nodiscard]] std::string to_text(const verify_report& report);

}  // namespace sluice::host

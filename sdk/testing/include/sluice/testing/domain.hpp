// Running a domain in a test, and the contract that every domain keeps.
//
//   testkit::domain rules(testkit::load_plugin(SLUICE_PLUGIN_FOLDER), "entities", "{}");
//   auto out = rules.transform<streams::entities::stream>({{{"kind", "user"}, {"external_id", "u-1"}}});
//   EXPECT_EQ(out.rejected.size(), 0);
//   EXPECT_EQ(testkit::broken_promises<streams::entities::stream>(rules, samples), std::vector<std::string>{});
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sluice/abi/domain.h>
#include <sluice/failure.hpp>
#include <sluice/testing/batch.hpp>
#include <sluice/testing/call.hpp>
#include <sluice/testing/host.hpp>
#include <sluice/testing/plugin_file.hpp>
#include <sluice/testing/tracked.hpp>

namespace sluice::testkit {

struct refusal {
  std::int64_t row;
  std::string field, reason;

  friend bool operator==(const refusal&, const refusal&) = default;
};

struct transformed {
  std::vector<record> rows;  // all of them, as the domain left them
  std::vector<refusal> rejected;
  bool untouched = false;  // the very array that went in came back

  friend bool operator==(const transformed& a, const transformed& b) {
    return a.rows == b.rows && a.rejected == b.rejected;
  }
};

// One instance of a domain. Throws failure as the plugin reports it.
class domain {
 public:
  domain(const sluice_plugin& plugin, std::string_view name, std::string_view config_json)
      : table_(find_component<sluice_domain_v1>(plugin, "domain", name)) {
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = table_.create(host_.raw(), sluice::detail::str(config_json), &self_, &e);
    if (s != SLUICE_OK) throw sluice::detail::take_error(s, e);
  }
  domain(const domain&) = delete;
  domain& operator=(const domain&) = delete;
  ~domain() { table_.destroy(self_); }

  template <class Stream>
  [[nodiscard]] transformed transform(const std::vector<record>& records) {
    const auto layout = layout_of<Stream>();
    fake_call call;
    array_handle rows = make_batch(layout, records);
    return run(call, Stream::name, layout, rows);
  }

  // The same on an array of the test's own, which it may replace.
  [[nodiscard]] transformed run(fake_call& call, std::string_view stream, const std::vector<column>& layout,
                                array_handle& rows) {
    const schema_handle schema(make_arrow_schema(layout));
    const ArrowArray before = rows.get();
    sluice_rejects list{};
    list.size = sizeof list;
    sluice_error e{};
    e.size = sizeof e;
    const sluice_status s = table_.transform(self_, call.raw(), sluice::detail::str(stream), &schema.get(),
                                             rows.raw(), &list, &e);
    if (s != SLUICE_OK) throw sluice::detail::take_error(s, e);
    transformed out;
    for (std::int64_t i = 0; i < list.count; ++i) {
      const sluice_reject& r = list.items[i];
      out.rejected.push_back(
          {r.row, std::string(sluice::detail::view(r.field)), std::string(sluice::detail::view(r.reason))});
    }
    if (list.release != nullptr) list.release(&list);
    if (auto why = check_batch(rows.get(), layout); !why.empty()) {
      throw failure(status::internal, codes::batch_mismatch, "the transformed batch is damaged: " + why);
    }
    out.rows = read_batch(rows.get(), layout);
    out.untouched = before.private_data == rows.get().private_data;
    return out;
  }

  [[nodiscard]] fake_host& host() noexcept { return host_; }
  [[nodiscard]] const sluice_domain_v1& table() const noexcept { return table_; }
  [[nodiscard]] void* self() const noexcept { return self_; }

 private:
  fake_host host_;
  const sluice_domain_v1& table_;
  void* self_ = nullptr;
};

}  // namespace sluice::testkit

// The promises that a host relies on, checked on any domain with records of its author's choice.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <sluice/testing/domain.hpp>

namespace sluice::testkit {

namespace impl {

class contract {
 public:
  contract(domain& d, std::string_view stream, std::vector<column> layout, const std::vector<record>& samples)
      : domain_(d), stream_(stream), layout_(std::move(layout)), samples_(samples) {}

  [[nodiscard]] std::vector<std::string> check() {
    demand("an empty batch", [&] { length_is_kept({}); });
    demand("a row without any value", [&] { length_is_kept({record{}}); });
    demand("the samples", [&] { length_is_kept(samples_); });
    demand("the same batch twice", [&] { same_answer_twice(); });
    demand("each row alone", [&] { rows_are_judged_alone(); });
    demand("releasing", [&] { releases_once(); });
    demand("a cancelled call", [&] { stops_when_cancelled(); });
    demand("a stream that it doesn't have", [&] { refuses_unknown_stream(); });
    demand("an error struct of an older host", [&] { respects_error_size(); });
    return broken_;
  }

 private:
  template <class Fn>
  void demand(const std::string& about, Fn&& check) {
    about_ = about;
    try {
      check();
    } catch (const std::exception& x) {
      fail(std::string("fails with: ") + x.what());
    }
  }
  void fail(const std::string& what) { broken_.push_back(about_ + ": " + what); }

  [[nodiscard]] transformed run(const std::vector<record>& records) {
    fake_call call;
    array_handle rows = make_batch(layout_, records);
    return domain_.run(call, stream_, layout_, rows);
  }

  void length_is_kept(const std::vector<record>& records) {
    const transformed out = run(records);
    if (out.rows.size() != records.size()) fail("the number of rows changed");
    std::int64_t last = -1;
    for (const refusal& r : out.rejected) {
      if (r.row <= last || r.row >= static_cast<std::int64_t>(records.size()))
        fail("rejects don't ascend in range");
      last = r.row;
      if (column_index(layout_, r.field) < 0) fail("a reject names `" + r.field + "`, which is no column");
      if (r.reason.empty()) fail("a reject of `" + r.field + "` gives no reason");
    }
  }

  void same_answer_twice() {
    if (!(run(samples_) == run(samples_))) fail("the answers differ: transform must be pure");
  }

  void rows_are_judged_alone() {
    const transformed together = run(samples_);
    transformed apart;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      const transformed one = run({samples_[i]});
      apart.rows.push_back(one.rows.at(0));
      for (refusal r : one.rejected) {
        r.row = static_cast<std::int64_t>(i);
        apart.rejected.push_back(r);
      }
    }
    if (!(together == apart)) fail("the answer depends on the other rows of the batch");
  }

  void releases_once() {
    release_counts counts;
    {
      fake_call call;
      array_handle rows = track(make_batch(layout_, samples_), counts);
      static_cast<void>(domain_.run(call, stream_, layout_, rows));
    }
    if (auto why = counts.check(); !why.empty()) fail(why);
  }

  // It may finish a batch that is nearly done; if it stops, it leaves the rows as they were.
  void stops_when_cancelled() {
    fake_call call;
    call.cancel();
    array_handle rows = make_batch(layout_, samples_);
    const void* before = rows.get().private_data;
    try {
      static_cast<void>(domain_.run(call, stream_, layout_, rows));
    } catch (const failure& f) {
      if (f.kind() != status::cancelled) fail(std::string("the status is not CANCELLED: ") + f.what());
      if (rows.get().private_data != before) fail("the rows were replaced although it failed");
    }
  }

  void refuses_unknown_stream() {
    fake_call call;
    array_handle rows = make_batch(layout_, {});
    try {
      static_cast<void>(domain_.run(call, "no_such_stream", layout_, rows));
      fail("it accepts the batch");
    } catch (const failure& f) {
      if (f.message().empty()) fail("the error says nothing");
    }
  }

  void respects_error_size() {
    fake_call call;
    array_handle rows = make_batch(layout_, {});
    const schema_handle schema(make_arrow_schema(layout_));
    sluice_rejects list{};
    list.size = sizeof list;
    sluice_error e;
    std::memset(&e, 0x5A, sizeof e);
    e.size = offsetof(sluice_error, message);
    static_cast<void>(domain_.table().transform(domain_.self(), call.raw(),
                                                sluice::detail::str("no_such_stream"), &schema.get(),
                                                rows.raw(), &list, &e));
    const auto* bytes = reinterpret_cast<const unsigned char*>(&e);
    if (!std::all_of(bytes + e.size, bytes + sizeof e, [](unsigned char b) { return b == 0x5A; })) {
      fail("it writes behind the struct");
    }
  }

  domain& domain_;
  std::string_view stream_;
  std::vector<column> layout_;
  const std::vector<record>& samples_;
  std::string about_;
  std::vector<std::string> broken_;
};

}  // namespace impl

// Empty, or one line for each promise that the domain does not keep. Samples should hold rows that it
// accepts, changes and rejects.
template <class Stream>
[[nodiscard]] std::vector<std::string> broken_promises(domain& d, const std::vector<record>& samples) {
  return impl::contract(d, Stream::name, layout_of<Stream>(), samples).check();
}

}  // namespace sluice::testkit

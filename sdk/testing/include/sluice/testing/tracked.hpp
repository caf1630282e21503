// An array that counts how often each of its parts is released, so that a test can demand exactly once.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sluice/arrow_schema.hpp>

namespace sluice::testkit {

class release_counts {
 public:
  int batch = 0;
  std::vector<int> columns;

  // Empty: each part was released once; else which was not.
  [[nodiscard]] std::string check() const {
    if (batch != 1) return "the batch was released " + std::to_string(batch) + " times";
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i] == 1) continue;
      return "column " + std::to_string(i) + " was released " + std::to_string(columns[i]) + " times";
    }
    return {};
  }
};

namespace impl {

struct tracked_column {
  ArrowArray inner;
  release_counts* counts;
  std::size_t index;
};
struct tracked_batch {
  ArrowArray inner;
  release_counts* counts;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

inline void release_tracked_column(ArrowArray* a) {
  const std::unique_ptr<tracked_column> t(static_cast<tracked_column*>(a->private_data));
  ++t->counts->columns[t->index];
  t->inner.release(&t->inner);
  a->release = nullptr;
}
inline void release_tracked_batch(ArrowArray* a) {
  const std::unique_ptr<tracked_batch> t(static_cast<tracked_batch*>(a->private_data));
  ++t->counts->batch;
  for (ArrowArray& c : t->children) {
    if (c.release != nullptr) c.release(&c);
  }
  t->inner.release(&t->inner);
  a->release = nullptr;
}

}  // namespace impl

// Wraps a batch. `counts` must outlive it.
[[nodiscard]] inline array_handle track(array_handle rows, release_counts& counts) {
  auto t = std::make_unique<impl::tracked_batch>();
  t->inner = rows.take();
  t->counts = &counts;
  const auto width = static_cast<std::size_t>(t->inner.n_children);
  counts.batch = 0;
  counts.columns.assign(width, 0);
  t->children.resize(width);
  for (std::size_t i = 0; i < width; ++i) {
    auto column =
        std::make_unique<impl::tracked_column>(impl::tracked_column{*t->inner.children[i], &counts, i});
    t->inner.children[i]->release = nullptr;
    t->children[i] = column->inner;
    t->children[i].release = impl::release_tracked_column;
    t->children[i].private_data = column.release();
    t->pointers.push_back(&t->children[i]);
  }
  ArrowArray out = t->inner;
  out.children = t->pointers.data();
  out.release = impl::release_tracked_batch;
  out.private_data = t.release();
  return array_handle(std::move(out));
}

}  // namespace sluice::testkit

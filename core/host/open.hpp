// From a manifest to its store.
#pragma once

#include <future>
#include <memory>

#include "host/secrets.hpp"
#include "store/store.hpp"

namespace sluice::host {

// Where the store of a pipeline is: paths are relative to the manifest. Throws plugin::error when a
// secret of the DSN is missing.
[[nodiscard]] store::store_options store_options_of(const manifest::pipeline& pipeline,
                                                    const secret_store& secrets);

// A store that is looked for while something else is done: connecting to a server takes its time. Nothing is made
// before ready(); who never asks still waits for the answer of the server, or for the connection's time limit.
class store_opening {
 public:
  explicit store_opening(const store::store_options& options);
  // As open_writable.
  [[nodiscard]] std::unique_ptr<store::store> ready();

 private:
  struct found {
    std::unique_ptr<store::store> store;
    int version = 0;
  };
  static found look(const store::store_options& options);
  std::future<found> looking_;
};

// Opens the store for writing. A new one is made ready; one of another version is refused.
[[nodiscard]] std::unique_ptr<store::store> open_writable(const store::store_options& options);

}  // namespace sluice::host

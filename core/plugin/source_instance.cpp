#include "plugin/source_instance.hpp"

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <utility>

#include "plugin/codes.hpp"
#include "plugin/guard.hpp"
#include "plugin/host_binding.hpp"

namespace sluice::plugin {

struct source_instance::state {
  state(const loaded_component& source, host_services& services)
      : table(static_cast<const sluice_source_v1*>(source.table)),
        who("source `" + source.item->name + "` of plugin " + source.plugin->meta.name + " " +
            source.plugin->meta.version),
        host(services, source.plugin->meta.name) {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() {
    if (made) table->destroy(self);
  }

  const sluice_source_v1* table;
  std::string who;
  host_binding host;
  void* self = nullptr;  // a plugin without state may leave it
  bool made = false;     // what failed to be made is not destroyed

  struct fetching;
  std::mutex mutex;
  std::condition_variable all_ended;
  std::list<std::shared_ptr<call_scope>> open;  // the calls of the fetches under way
};

// One fetch: what the plugin borrows until its completion.
struct source_instance::state::fetching {
  fetching(state& instance, std::shared_ptr<call_scope> scope, fetch_request r, fetch_completion fn)
      : owner(instance), call(std::move(scope)), request(std::move(r)), done(std::move(fn)) {
    abi.size = sizeof abi;
    abi.vars_json = to_abi(request.vars_json);
    abi.page_state = to_abi(request.page_state);
    const std::scoped_lock lock(owner.mutex);
    place = owner.open.insert(owner.open.end(), call);
  }
  fetching(const fetching&) = delete;
  fetching& operator=(const fetching&) = delete;
  ~fetching() {
    const std::scoped_lock lock(owner.mutex);
    owner.open.erase(place);
    if (owner.open.empty()) owner.all_ended.notify_all();
  }

  // The first completion counts: a plugin may complete a fetch and then also fail to start it.
  void complete(fetch_result result) noexcept {
    if (completed.exchange(true)) return;
    done(std::move(result));
    done = nullptr;  // what it holds goes before the instance can
  }
  // Held by the start of the fetch and by its completion.
  void release() noexcept {
    if (holders.fetch_sub(1) == 1) delete this;
  }

  state& owner;
  std::shared_ptr<call_scope> call;  // shared with whoever cancels it
  fetch_request request;
  fetch_completion done;
  sluice_fetch abi{};
  std::list<std::shared_ptr<call_scope>>::iterator place;
  std::atomic<bool> completed{false};
  std::atomic<int> holders{2};
};

namespace {

// What a completion carries, as a result. Takes over page and error.
fetch_result result_of(const std::string& who, sluice_status s, sluice_page* given, sluice_error* failure) {
  error_slot slot(failure);
  if (s != SLUICE_OK) return slot.take(s, who + ": fetch");
  if (given == nullptr) {
    return error(status::internal, code::page_broke,
                 who + " completed a fetch without a page; report it to the plugin's maker");
  }
  const std::string why = check_page(*given);
  if (!SLUICE_HAS(given, sluice_page, impl)) {
    return error(status::internal, code::page_broke,
                 who + " gave a page that " + why + "; report it to the plugin's maker");
  }
  page taken(take_page(*given));
  if (why.empty()) return taken;
  return error(status::internal, code::page_broke,
               who + " gave a page that " + why + "; report it to the plugin's maker");
}

}  // namespace

source_instance::source_instance(const loaded_component& source, host_services& host,
                                 std::string_view config_json)
    : state_(std::make_unique<state>(source, host)) {
  call_plugin(state_->who + ": create", [&](sluice_error* e) {
    return state_->table->create(state_->host.abi(), to_abi(config_json), &state_->self, e);
  });
  state_->made = true;
}

source_instance::~source_instance() {
  std::unique_lock lock(state_->mutex);
  const auto open = state_->open;
  lock.unlock();
  for (const auto& call : open) call->cancel();
  lock.lock();
  state_->all_ended.wait(lock, [&] { return state_->open.empty(); });
}

source_instance::read source_instance::prepare(std::string_view read_json) {
  read out;
  call_plugin(state_->who + ": prepare", [&](sluice_error* e) {
    return state_->table->prepare(state_->self, to_abi(read_json), &out.handle_, e);
  });
  return out;
}

void source_instance::fetch(read from, std::shared_ptr<call_scope> call, fetch_request request,
                            fetch_completion done) {
  using fetching = state::fetching;
  auto* const f = new fetching(*state_, std::move(call), std::move(request), std::move(done));
  const sluice_fetch_done on_done = [](void* data, sluice_status s, sluice_page* given,
                                       sluice_error* failure) noexcept {
    auto* const self = static_cast<fetching*>(data);
    self->complete(result_of(self->owner.who, s, given, failure));
    self->release();
  };
  try {
    call_plugin(state_->who + ": fetch", [&](sluice_error* e) {
      return state_->table->fetch(state_->self, from.handle_, f->call->abi(), &f->abi, on_done, f, e);
    });
  } catch (const error& e) {
    f->complete(e);
    f->release();  // in place of the completion, which does not come
  }
  f->release();
}

}  // namespace sluice::plugin

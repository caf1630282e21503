#include "server/store_probe.hpp"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::server {

using boost::asio::awaitable;

awaitable<bool> store_probe::answers() {
  constexpr auto fresh = std::chrono::seconds(1), patience = std::chrono::seconds(2);
  if (!looking_ && clock::now() - looked_ < fresh) co_return good_;
  const auto told = std::make_shared<boost::asio::steady_timer>(context_, patience);
  waiting_.push_back(told);
  if (!std::exchange(looking_, true)) boost::asio::co_spawn(context_, look(), boost::asio::detached);
  boost::system::error_code cancelled;
  co_await told->async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cancelled));
  co_return cancelled&& good_;  // else it took too long
}

awaitable<void> store_probe::look() {
  bool good = false;
  desk::question what = [this] {
    return nlohmann::json(sessions_.with([](engine::session& s) { return s.now_us(); }));
  };
  try {
    static_cast<void>(co_await desk_.ask(engine::urgency::essential, "ready", std::move(what)));
    good = true;
  } catch (const std::exception&) {
    good = false;  // why is the business of whoever needs the store: they say it
  }
  good_ = good;
  looking_ = false;
  looked_ = clock::now();
  for (const auto& told : std::exchange(waiting_, {})) {
    if (const auto timer = told.lock()) timer->cancel();
  }
}

}  // namespace sluice::server

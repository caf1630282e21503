// Sends requests at the instants of a plan, whatever has become of those before: a stall of the other side delays no
// question, and shows in every answer that it held up. One thread; it costs a small part of what it asks for.
//   bench_load HOST PORT PLAN OUT
// A line of PLAN is: microseconds from the start, method, target, seconds to wait for (`Prefer`; 0: none), body, all
// separated by tabs; the lines are in the order of their time. BENCH_API_TOKEN is the token. Says `begun` when the
// plan's time begins, and at the end what it took. A line of OUT, in the order of the plan: microseconds of the plan, at which it was
// sent, at which it was answered; status (0: no answer), Retry-After, ids of the subject's and the tenant's run.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::awaitable;
using asio::use_awaitable;
using boost::system::error_code;
using clock_type = std::chrono::steady_clock;

constexpr std::size_t most_connections = 4'000;
constexpr auto patience = std::chrono::seconds(120);

struct question {
  std::int64_t at_us = 0;
  std::string method, target, wait, body;
  std::int64_t sent_us = 0, done_us = 0;
  unsigned status = 0;
  std::string retry_after, subject, tenant;
};

std::vector<question> read_plan(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("can't read " + file);
  std::vector<question> out;
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    question q;
    std::string at;
    std::getline(fields, at, '\t');
    std::getline(fields, q.method, '\t');
    std::getline(fields, q.target, '\t');
    std::getline(fields, q.wait, '\t');
    std::getline(fields, q.body);
    q.at_us = std::stoll(at);
    out.push_back(std::move(q));
  }
  return out;
}

// The id of the run that stands under that key of the answer.
std::string run_id_of(const std::string& body, const std::string& part) {
  const std::size_t object = body.find("\"" + part + "\":{");
  const std::size_t key = object == std::string::npos ? object : body.find("\"run_id\":\"", object);
  if (key == std::string::npos) return "-";
  const std::size_t from = key + 10;
  return body.substr(from, body.find('"', from) - from);
}

struct connection {
  explicit connection(asio::io_context& on) : stream(on) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
};

class generator {
 public:
  generator(const asio::ip::tcp::endpoint& to, std::string host, std::vector<question> plan)
      : to_(to), host_(std::move(host)), plan_(std::move(plan)) {
    if (const char* token = std::getenv("BENCH_API_TOKEN")) token_ = std::string("Bearer ") + token;
  }

  void run() {
    asio::co_spawn(context_, begin_each(), [](std::exception_ptr failed) {
      if (failed) std::rethrow_exception(failed);
    });
    context_.run();
  }

  void write(const std::string& file) const {
    std::ofstream out(file);
    for (const question& q : plan_) {
      out << q.at_us << '\t' << q.sent_us << '\t' << q.done_us << '\t' << q.status << '\t'
          << (q.retry_after.empty() ? "-" : q.retry_after) << '\t' << q.subject << '\t' << q.tenant << '\n';
    }
    if (!out.flush()) throw std::runtime_error("can't write " + file);
  }

 private:
  [[nodiscard]] std::int64_t now_us() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(clock_type::now() - begun_).count();
  }

  awaitable<void> begin_each() {
    asio::steady_timer timer(context_);
    begun_ = clock_type::now();
    std::cout << "begun" << std::endl;
    for (question& q : plan_) {
      if (q.at_us > now_us()) {
        timer.expires_at(begun_ + std::chrono::microseconds(q.at_us));
        co_await timer.async_wait(use_awaitable);
      }
      waiting_.push_back(&q);
      next();
    }
  }

  // As many at once as there may be connections; what has to wait for one waits since its time.
  void next() {
    while (!waiting_.empty() && busy_ < most_connections) {
      question* q = waiting_.front();
      waiting_.pop_front();
      ++busy_;
      asio::co_spawn(context_, carry_out(*q), asio::detached);
    }
  }

  awaitable<void> carry_out(question& q) {
    // A connection that was kept may have been closed meanwhile: then the question is put once more, by a new one.
    for (const bool anew : {false, true}) {
      const bool kept = !anew && !free_.empty();
      std::unique_ptr<connection> c = take(anew);
      if (co_await ask(*c, kept, q)) {
        free_.push_back(std::move(c));
        break;
      }
      if (q.status != 0 || !kept) break;
    }
    q.done_us = now_us();
    --busy_;
    next();
  }

  std::unique_ptr<connection> take(bool anew) {
    if (anew || free_.empty()) return std::make_unique<connection>(context_);
    std::unique_ptr<connection> out = std::move(free_.back());
    free_.pop_back();
    return out;
  }

  // True: the connection can be used again.
  awaitable<bool> ask(connection& c, bool kept, question& q) {
    error_code failed;
    c.stream.expires_after(patience);
    if (!kept) {
      co_await c.stream.async_connect(to_, asio::redirect_error(use_awaitable, failed));
      if (failed) co_return false;
      c.stream.socket().set_option(asio::ip::tcp::no_delay(true), failed);
    }
    http::request<http::string_body> r(http::string_to_verb(q.method), q.target, 11);
    r.set(http::field::host, host_);
    if (!token_.empty()) r.set(http::field::authorization, token_);
    if (q.wait != "0") r.set("Prefer", "wait=" + q.wait);
    if (!q.body.empty()) r.set(http::field::content_type, "application/json");
    r.body() = q.body;
    r.prepare_payload();
    q.sent_us = now_us();
    co_await http::async_write(c.stream, r, asio::redirect_error(use_awaitable, failed));
    if (failed) co_return false;
    http::response<http::string_body> answer;
    co_await http::async_read(c.stream, c.buffer, answer, asio::redirect_error(use_awaitable, failed));
    if (failed) co_return false;
    q.status = answer.result_int();
    q.retry_after = std::string(answer[http::field::retry_after]);
    q.subject = run_id_of(answer.body(), "subject");
    q.tenant = run_id_of(answer.body(), "tenant");
    co_return answer.keep_alive();
  }

  asio::io_context context_{1};
  asio::ip::tcp::endpoint to_;
  std::string host_, token_;
  std::vector<question> plan_;
  clock_type::time_point begun_{};
  std::deque<question*> waiting_;
  std::vector<std::unique_ptr<connection>> free_;
  std::size_t busy_ = 0;
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bench_load HOST PORT PLAN OUT\n");
    return 2;
  }
  const asio::ip::tcp::endpoint to(asio::ip::make_address(argv[1]),
                                   static_cast<std::uint16_t>(std::stoi(argv[2])));
  generator g(to, std::string(argv[1]) + ":" + argv[2], read_plan(argv[3]));
  g.run();
  g.write(argv[4]);
  std::cout << "{\"cpu\": " << cpu_seconds() << "}" << std::endl;
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "bench_load: %s\n", e.what());
  return 1;
}

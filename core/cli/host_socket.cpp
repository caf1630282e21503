#include "cli/host_socket.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "engine/failure.hpp"

namespace sluice::cli {

namespace {

using boost::asio::local::stream_protocol;
using engine::failure;
using engine::failure_class;
using json = nlohmann::json;

[[noreturn]] void no_answer(const std::string& at, const std::string& why) {
  throw failure(failure_class::transient, "SLU-7029", "no host answers at " + at + ": " + why);
}

std::string request_of(const std::string& method, const std::string& target, const json& body) {
  std::string out = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
  if (body.is_null()) return out + "\r\n";
  const std::string text = body.dump();
  return out + "Content-Type: application/json\r\nContent-Length: " + std::to_string(text.size()) +
         "\r\n\r\n" + text;
}

host_answer taken_apart(const std::string& at, const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  std::istringstream head(answer.substr(0, end));
  std::string version;
  host_answer out;
  head >> version >> out.status;
  if (end != std::string::npos) out.body = json::parse(answer.substr(end + 4), nullptr, false);
  if (!out.body.is_object()) no_answer(at, "what it says is no answer of a host");
  return out;
}

// Else it is no run's name, and no part of an address.
bool may_be_an_id(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

std::string place_of(const app& a) { return a.settings().listen.socket.string(); }

}  // namespace

std::optional<host_answer> call_host(const std::string& socket, const std::string& method,
                                     const std::string& target, const json& body) {
  boost::asio::io_context context;
  stream_protocol::socket connection(context);
  boost::system::error_code failed;
  connection.connect(stream_protocol::endpoint(socket), failed);
  if (failed) return std::nullopt;
  boost::asio::write(connection, boost::asio::buffer(request_of(method, target, body)), failed);
  std::string answer;  // the host closes the connection behind it
  if (!failed) boost::asio::read(connection, boost::asio::dynamic_buffer(answer), failed);
  if (failed != boost::asio::error::eof) no_answer(socket, failed.message());
  return taken_apart(socket, answer);
}

json body_of(host_answer answer) {
  if (answer.status >= 200 && answer.status < 300) return std::move(answer.body);
  const bool later = answer.status >= 500 || answer.status == 429;
  throw failure(later ? failure_class::transient : failure_class::invalid,
                answer.body.value("code", "SLU-7029"),
                answer.body.value("detail", "the host answered " + std::to_string(answer.status)));
}

std::optional<json> run_at_host(const app& a, const std::string& run_id) {
  if (place_of(a).empty() || !may_be_an_id(run_id)) return std::nullopt;
  auto answer = call_host(place_of(a), "GET", "/api/sync/runs/" + run_id);
  if (!answer || answer->status == 404) return std::nullopt;
  return body_of(std::move(*answer));
}

host_answer tell_host(const app& a, const std::string& run_id, const std::string& what, const json& body) {
  auto answer = call_host(place_of(a), "POST", "/api/sync/runs/" + run_id + "/" + what, body);
  if (!answer) no_answer(place_of(a), "it was there a moment ago");
  return std::move(*answer);
}

}  // namespace sluice::cli

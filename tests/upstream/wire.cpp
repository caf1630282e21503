#include "upstream/wire.hpp"

#include <algorithm>
#include <cstring>

#include <boost/beast/http.hpp>

#include "upstream/spoil.hpp"

namespace sluice::upstream {
namespace {
namespace http = boost::beast::http;

// The whole answer as the script gives it: `{body}` and `{length}` are those of the correct page.
wire raw_wire(const answer& a) {
  wire w{.head = a.spoiled.wire, .body = std::make_shared<const std::string>()};
  for (const auto& [name, text] :
       {std::pair{"{length}", std::to_string(a.body->size())}, std::pair{"{body}", *a.body}}) {
    if (const auto at = w.head.find(name); at != std::string::npos)
      w.head.replace(at, std::strlen(name), text);
  }
  w.close = a.spoiled.close;
  return w;
}

}  // namespace

wire to_wire(const answer& a, bool keep_alive) {
  const fault& f = a.spoiled;
  if (f.what == "raw") return raw_wire(a);
  wire w{.head = {}, .body = a.body};
  const bool gzipped = f.what == "gzip" || f.what == "bomb", zipped = gzipped || f.what.starts_with("zstd");
  if (zipped) w.body = std::make_shared<const std::string>(gzipped ? gzip(*a.body) : zstd(*a.body));
  w.send = w.body->size();
  const bool cut = f.what == "cut", chunks = f.what == "truncate_chunked";
  if (cut || chunks || f.what == "truncate") {
    w.send = f.at >= 0 ? std::min(w.send, static_cast<std::size_t>(f.at)) : w.send / 2;
    w.close = true;
  }
  w.chunked = chunks;
  w.close = w.close || !keep_alive;
  w.head = "HTTP/1.1 " + std::to_string(a.status) + " " +
           std::string(http::obsolete_reason(static_cast<http::status>(a.status))) +
           "\r\nServer: sluice-upstream\r\n";
  if (const bool bodiless = a.status == 204 || a.status == 304; !bodiless) {
    w.head += "Content-Type: " + a.type + "\r\n";
    if (chunks) w.head += "Transfer-Encoding: chunked\r\n";
    else if (!cut) w.head += "Content-Length: " + std::to_string(w.body->size()) + "\r\n";
  }
  if (zipped) w.head += std::string("Content-Encoding: ") + (gzipped ? "gzip" : "zstd") + "\r\n";
  for (const auto& [name, value] : a.headers) w.head += name + ": " + value + "\r\n";
  w.head += w.close ? "Connection: close\r\n\r\n" : "\r\n";
  w.close = w.close || f.what == "close_after";  // without a word of it
  if (f.what == "reset") {
    w.reset = true;
    const auto at = static_cast<std::size_t>(std::max<std::int64_t>(f.at, 0));
    w.send = at > w.head.size() ? std::min(w.body->size(), at - w.head.size()) : 0;
    w.head.resize(std::min(w.head.size(), at));
  }
  return w;
}

}  // namespace sluice::upstream

// The error codes of this room, SLU-71xx: what the HTTP API refuses, and why.
#pragma once

#include <array>

#include "observe/code.hpp"

namespace sluice::server::code {

inline constexpr const char* no_route = "SLU-7100";
inline constexpr const char* no_method = "SLU-7101";
inline constexpr const char* bad_frame = "SLU-7102";
inline constexpr const char* header_too_large = "SLU-7103";
inline constexpr const char* body_too_large = "SLU-7104";
inline constexpr const char* too_busy = "SLU-7105";
inline constexpr const char* bad_body = "SLU-7106";
inline constexpr const char* bad_type = "SLU-7107";
inline constexpr const char* stopping = "SLU-7108";
inline constexpr const char* which_pipeline = "SLU-7109";
inline constexpr const char* bad_parameter = "SLU-7110";
inline constexpr const char* too_slow = "SLU-7111";
inline constexpr const char* too_many_connections = "SLU-7112";
inline constexpr const char* open_in_clear = "SLU-7113";
inline constexpr const char* cannot_listen = "SLU-7114";
inline constexpr const char* no_run = "SLU-7115";
inline constexpr const char* run_over = "SLU-7116";
inline constexpr const char* bad_certificate = "SLU-7117";

inline constexpr const char* no_token = "SLU-7120";
inline constexpr const char* no_right = "SLU-7121";
inline constexpr const char* nobody_may = "SLU-7122";
inline constexpr const char* bad_tokens = "SLU-7123";

inline constexpr const char* wrong_too_often = "SLU-7125";

inline constexpr auto table = std::to_array<observe::code_entry>({
    {no_route, "there is nothing at this address", "see /openapi.json for what there is"},
    {no_method, "this address has no such method", "take one of those that the header Allow lists"},
    {bad_frame, "the request is not framed as HTTP/1.1 asks for", "send the request as the message says"},
    {header_too_large, "the header is too large", "send at most 8 KiB and 64 fields"},
    {body_too_large, "the body is too large", "send at most what the message says"},
    {too_busy, "more questions wait for the store than this host takes", "try again after Retry-After"},
    {bad_body, "the body is not what this address takes", "mend what `errors` names"},
    {bad_type, "the body has another type than this address takes", "send application/json"},
    {stopping, "this host is about to end", "ask another host, or this one after Retry-After"},
    {which_pipeline, "the pipeline is not named, or not served here", "name one of those that are listed"},
    {bad_parameter, "a parameter in the path or query is wrong", "mend the one that is named"},
    {too_slow, "the request took too long to arrive", "send it within the time that is named"},
    {too_many_connections, "this host has as many connections as it takes", "try again after Retry-After"},
    {open_in_clear, "the address to listen at can be reached from elsewhere, and would be served in clear",
     "give `listen.tls`, or listen at 127.0.0.1 or [::1]"},
    {cannot_listen, "the address can't be listened at", "choose a free address of this machine"},
    {no_run, "there is no such run", "see /api/sync/runs"},
    {no_token, "who asks is not known", "send a token that is valid now as `Authorization: Bearer …`"},
    {no_right, "the token does not allow this",
     "use a token with the scope that is named; what is done at the socket alone: `sluice reload`"},
    {wrong_too_often, "tokens that are not valid came from this address too often",
     "send a token that is valid now; after Retry-After others are looked at again"},
    {nobody_may, "there are no tokens, so nobody may use the API", "make one: `sluice token create`"},
    {bad_tokens, "the file of tokens can't be used", "mend the file, or the rights of it"},
    {bad_certificate, "the certificate to listen with, or its key, can't be used",
     "mend the file that is named, then reload or start the host"},
    {run_over, "the run is over", "start or repeat it if its data are wanted"},
});

}  // namespace sluice::server::code

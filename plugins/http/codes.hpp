// The stable error codes of this plugin.
#pragma once

namespace sluice::http::codes {

inline constexpr const char* bad_config = "SLU-3101";         // the source's configuration is wrong
inline constexpr const char* bad_request = "SLU-3102";        // a read's request is wrong
inline constexpr const char* bad_url = "SLU-3103";            // base_url is no http address once expanded
inline constexpr const char* bad_value = "SLU-3104";          // a value can't stand in a header
inline constexpr const char* unresolved = "SLU-3111";         // the host name is not known
inline constexpr const char* unreachable = "SLU-3112";        // nobody accepts the connection
inline constexpr const char* connect_timeout = "SLU-3113";
inline constexpr const char* bad_certificate = "SLU-3114";
inline constexpr const char* first_byte_timeout = "SLU-3115";
inline constexpr const char* total_timeout = "SLU-3116";
inline constexpr const char* too_slow = "SLU-3117";
inline constexpr const char* broken = "SLU-3118";             // the connection broke
inline constexpr const char* truncated = "SLU-3119";          // the answer is shorter than it should be
inline constexpr const char* too_large = "SLU-3120";
inline constexpr const char* bomb = "SLU-3121";               // compressed more than 100:1
inline constexpr const char* bad_encoding = "SLU-3122";       // not the compression that it says
inline constexpr const char* not_json = "SLU-3123";
inline constexpr const char* empty = "SLU-3124";
inline constexpr const char* redirect = "SLU-3125";
inline constexpr const char* bad_status = "SLU-3126";         // a status that is no answer to a read: 204, 206, 304
inline constexpr const char* bad_protocol = "SLU-3127";       // not HTTP
inline constexpr const char* unauthorized = "SLU-3130";       // 401
inline constexpr const char* forbidden = "SLU-3131";          // 403
inline constexpr const char* not_found = "SLU-3132";          // 404, 410
inline constexpr const char* refused = "SLU-3133";            // other 4xx
inline constexpr const char* throttled = "SLU-3134";          // 429, 503 with Retry-After
inline constexpr const char* upstream_failed = "SLU-3135";    // 408, 425, 5xx
inline constexpr const char* token_refused = "SLU-3136";      // the token endpoint refuses the client
inline constexpr const char* bad_token = "SLU-3137";          // what it answers is no token
inline constexpr const char* cursor_loop = "SLU-3140";
inline constexpr const char* bad_cursor = "SLU-3141";         // longer than can be kept, or no text
inline constexpr const char* same_page = "SLU-3142";          // the upstream ignores the page that is asked for
inline constexpr const char* too_many_pages = "SLU-3143";
inline constexpr const char* bad_state = "SLU-3144";          // a page state of another version
inline constexpr const char* foreign_link = "SLU-3145";       // the next page would be on another origin
inline constexpr const char* bad_address = "SLU-3160";        // the name leads to an address that may not be called
inline constexpr const char* short_list = "SLU-3161";         // fewer records than the upstream says there are
inline constexpr const char* restless_list = "SLU-3146";      // offsets: nothing left of what was read before, again and again
inline constexpr const char* shifted_list = "SLU-3162";       // numbered pages over a list that changed
inline constexpr const char* endless = "SLU-3163";            // nothing says where the answer ends
inline constexpr const char* no_tls = "SLU-3164";             // no common TLS, or a client certificate is wanted
inline constexpr const char* cancelled = "SLU-3150";
inline constexpr const char* deadline = "SLU-3151";

}  // namespace sluice::http::codes

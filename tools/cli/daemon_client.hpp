// A request to the daemon's socket and its answer: HTTP/1.1 over a unix socket.
#pragma once

#include <cli/settings.hpp>

#include <chrono>
#include <string>

namespace twinmap::cli {

struct daemon_answer {
  unsigned status = 0;  ///< of HTTP
  json body;            ///< null if it was empty
};

/// No step may take longer: a daemon that hangs must not hang who asks it.
inline constexpr auto daemon_patience = std::chrono::seconds(5);

/// Asks the daemon at `socket`. Throws verb_failure: daemon_unreachable if nobody answers there,
/// naming the socket and the reason, or nobody does in time; failure for an answer that is none.
daemon_answer ask_daemon(const std::string& socket, const std::string& method,
                         const std::string& target);

/// As `ask_daemon`, and what the daemon says against it is thrown, too: permission for 403,
/// not_found for 404, failure for all else but success.
json ask_daemon_for(const std::string& socket, const std::string& method,
                    const std::string& target);

/// What an answer other than success says, in the daemon's own words if it has any.
std::string complaint_of(const daemon_answer& answer);

}  // namespace twinmap::cli

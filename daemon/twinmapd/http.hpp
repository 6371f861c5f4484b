// Requests and replies, apart from how they travel.
#pragma once

#include <twinmapd/peer.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace twinmapd {

struct http_request {
  std::string method;
  std::string path;  ///< without the query
  std::string body;
  permission who = permission::none;
};

struct http_reply {
  unsigned status = 200;
  std::string body;
  std::string_view content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Answers one request: calls `respond` once, on the loop, now or later.
using http_responder = std::function<void(http_reply)>;
using http_handler = std::function<void(const http_request&, http_responder respond)>;

/// {"error": {"code", "message"}}
http_reply error_reply(unsigned status, std::string_view code, std::string_view message);

}  // namespace twinmapd

// What the daemon answers on its socket.
#pragma once

#include <twinmapd/catalog.hpp>
#include <twinmapd/http.hpp>
#include <twinmapd/worker.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace twinmapd {

class control {
 public:
  /// `reload` reads the configuration anew and throws config_error if it is bad.
  control(catalog& maps, worker& hands, std::function<reload_report()> reload)
      : maps_(maps), hands_(hands), reload_(std::move(reload)) {}

  /// Answers one request. Throws nothing.
  void handle(const http_request& request, const http_responder& respond);

 private:
  http_reply answer(const http_request& request, const http_responder& respond, bool& later);
  http_reply answer_map(const http_request& request, const std::string& name) const;
  http_reply answer_verb(const http_request& request, const std::string& name,
                         const std::string& verb, const http_responder& respond, bool& later);
  http_reply list() const;
  http_reply create(const http_request& request) const;
  http_reply health() const;

  catalog& maps_;
  worker& hands_;
  std::function<reload_report()> reload_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

}  // namespace twinmapd

#include <twinmapd/control.hpp>

#include <fmt/format.h>
#include <unistd.h>
#include <twinmapd/describe.hpp>
#include <twinmapd/metrics.hpp>

#include <limits>
#include <memory>
#include <optional>
#include <string_view>

namespace twinmapd {
namespace {

constexpr std::string_view maps_path = "/v1/maps";

http_reply json_reply(const json& body, unsigned status = 200) {
  // A name of a type may hold any bytes.
  return {.status = status,
          .body = body.dump(-1, ' ', false, json::error_handler_t::replace) + '\n'};
}

unsigned status_of(const std::error_code& code) {
  using twinmap::errc;
  if (code.category() != twinmap::error_category()) return 500;
  switch (static_cast<errc>(code.value())) {
    case errc::not_found:
      return 404;
    case errc::already_exists:
    case errc::type_mismatch:
      return 409;
    case errc::no_space:
    case errc::too_many_entries:
      return 507;
    case errc::too_many_writers:
    case errc::lock_timeout:
      return 503;
    case errc::permission_denied:
    case errc::read_only:
      return 403;
    case errc::invalid_name:
    case errc::key_too_long:
    case errc::value_too_long:
      return 400;
    case errc::retired:
      return 410;
    case errc::corrupted:
    case errc::incompatible_layout:
    case errc::not_attached:
    case errc::unsupported_platform:
      return 500;
  }
  return 500;
}

http_reply failure_reply(const std::system_error& failure) {
  return error_reply(status_of(failure.code()), name_of(failure.code()), failure.what());
}

http_reply no_such_map(const std::string& name) {
  return error_reply(404, "not_found", fmt::format("there is no map '{}'", name));
}

/// Other methods than those allowed, which are for the Allow header; nothing if this one is.
std::optional<http_reply> refuse_method(const http_request& request, std::string_view allowed) {
  const std::string list = fmt::format(", {},", allowed);
  if (list.find(fmt::format(", {},", request.method)) != std::string::npos) return std::nullopt;
  http_reply reply = error_reply(405, "method_not_allowed",
                                 fmt::format("{} is not for {}", request.method, request.path));
  reply.headers.emplace_back("Allow", allowed);
  return reply;
}

scalar to_scalar(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() >
          static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return std::monostate();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number_float()) return value.get<double>();
  return std::monostate();
}

/// Throws value_error.
map_config map_of_request(const std::string& body) {
  const json object = json::parse(body, nullptr, false);
  if (object.is_discarded()) throw value_error("the body is no JSON");
  if (!object.is_object()) throw value_error("the body is no JSON object");
  map_config map;
  map.origin = "a request";
  for (const auto& [key, value] : object.items()) {
    try {
      if (!set_map_key(map, key, to_scalar(value)))
        throw value_error("there is no such key of a map");
    } catch (const value_error& wrong) {
      throw value_error(fmt::format("{}: {}", key, wrong.what()));
    }
  }
  check_map(map);
  return map;
}

/// `f(map)` on the worker's thread, its JSON as the answer.
template <class F>
bool run_long(worker& hands, const std::shared_ptr<attachment>& map, const http_responder& respond,
              F f) {
  return hands.run([map, respond, f]() -> std::function<void()> {
    http_reply reply;
    try {
      reply = json_reply(to_json(f(map->map)));
    } catch (const std::system_error& failure) {
      reply = failure_reply(failure);
    } catch (const std::exception& failure) {
      reply = error_reply(500, "internal", failure.what());
    }
    return [respond, reply] { respond(reply); };
  });
}

}  // namespace

http_reply error_reply(unsigned status, std::string_view code, std::string_view message) {
  return json_reply({{"error", {{"code", code}, {"message", message}}}}, status);
}

void control::handle(const http_request& request, const http_responder& respond) {
  bool later = false;
  http_reply reply;
  try {
    reply = answer(request, respond, later);
  } catch (const value_error& wrong) {
    reply = error_reply(400, "bad_request", wrong.what());
  } catch (const config_error& wrong) {
    reply = error_reply(422, "bad_configuration", wrong.what());
  } catch (const std::system_error& failure) {
    reply = failure_reply(failure);
  } catch (const std::exception& failure) {
    reply = error_reply(500, "internal", failure.what());
  }
  if (!later) respond(std::move(reply));
}

http_reply control::answer(const http_request& request, const http_responder& respond,
                           bool& later) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (request.who == permission::none)
    return error_reply(403, "permission_denied",
                       "this socket is for root, the daemon's user and its group");
  if (!reads && request.who != permission::change)
    return error_reply(403, "permission_denied",
                       "members of the group may read; root and the daemon's user may change");
  const std::string& path = request.path;
  if (path == maps_path) {
    if (auto refused = refuse_method(request, "GET, HEAD, POST")) return *refused;
    return reads ? list() : create(request);
  }
  if (path == "/metrics" || path == "/healthz") {
    if (auto refused = refuse_method(request, "GET, HEAD")) return *refused;
    if (path == "/healthz") return health();
    return {.body = metrics_text(maps_),
            .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  }
  if (path == "/v1/reload") {
    if (auto refused = refuse_method(request, "POST")) return *refused;
    return json_reply(to_json(reload_()));
  }
  const std::string prefix = std::string(maps_path) + '/';
  if (!path.starts_with(prefix))
    return error_reply(404, "not_found", "there is nothing at this path");
  const std::string rest = path.substr(prefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string::npos) return answer_map(request, rest);
  return answer_verb(request, rest.substr(0, slash), rest.substr(slash + 1), respond, later);
}

http_reply control::list() const {
  json maps = json::array();
  for (const auto& [name, entry] : maps_.maps())
    maps.push_back(describe(entry, maps_.directory(), false));
  return json_reply({{"maps", std::move(maps)}});
}

http_reply control::create(const http_request& request) const {
  const map_config wanted = map_of_request(request.body);
  maps_.create(wanted);
  const auto made = maps_.maps().find(wanted.name);
  if (made == maps_.maps().end()) return no_such_map(wanted.name);  // removed at once
  http_reply reply = json_reply(describe(made->second, maps_.directory(), true), 201);
  reply.headers.emplace_back("Location", fmt::format("{}/{}", maps_path, wanted.name));
  return reply;
}

http_reply control::answer_map(const http_request& request, const std::string& name) const {
  if (auto refused = refuse_method(request, "GET, HEAD, DELETE")) return *refused;
  if (request.method == "DELETE") {
    if (!maps_.drop(name)) return no_such_map(name);
    return json_reply({{"name", name}, {"removed", true}});
  }
  const auto found = maps_.maps().find(name);
  if (found == maps_.maps().end()) return no_such_map(name);
  return json_reply(describe(found->second, maps_.directory(), true));
}

http_reply control::answer_verb(const http_request& request, const std::string& name,
                                const std::string& verb, const http_responder& respond,
                                bool& later) {
  if (verb != "promote" && verb != "sweep" && verb != "check")
    return error_reply(404, "not_found", "there is nothing at this path");
  if (auto refused = refuse_method(request, "POST")) return *refused;
  const auto found = maps_.maps().find(name);
  if (found == maps_.maps().end()) return no_such_map(name);
  const map_entry& entry = found->second;
  if (!entry.cared) {
    const std::error_code code =
        entry.code ? entry.code : make_error_code(twinmap::errc::not_found);
    return error_reply(status_of(code), name_of(code), entry.failure);
  }
  if (verb == "promote") return json_reply({{"promoted", twinmap::promote(entry.cared->map())}});
  const std::shared_ptr<attachment>& map = entry.cared->attached();
  later =
      verb == "sweep"
          ? run_long(hands_, map, respond, [](twinmap::bytes_map& m) { return twinmap::sweep(m); })
          : run_long(hands_, map, respond, [](twinmap::bytes_map& m) { return twinmap::check(m); });
  if (later) return {};
  http_reply busy = error_reply(503, "busy", "too many sweeps and checks are waiting");
  busy.headers.emplace_back("Retry-After", "1");
  return busy;
}

http_reply control::health() const {
  json waiting = json::array();
  for (const map_entry* each : maps_.missing())
    waiting.push_back({{"name", each->name}, {"error", each->failure}});
  const bool ready = waiting.empty();
  const auto uptime = std::chrono::steady_clock::now() - started_;
  return json_reply(
      {{"status", ready ? "ready" : "starting"},
       {"version", TWINMAP_VERSION},
       {"pid", ::getpid()},
       {"maps", maps_.maps().size()},
       {"waiting_for", std::move(waiting)},
       {"uptime_seconds", std::chrono::duration_cast<std::chrono::seconds>(uptime).count()}},
      ready ? 200 : 503);
}

}  // namespace twinmapd

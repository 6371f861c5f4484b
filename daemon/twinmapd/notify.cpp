#include <twinmapd/notify.hpp>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>

namespace twinmapd {
namespace {

void tell(const std::string& state) {
  ::sd_notify(0, state.c_str());
}

std::uint64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

notifier::notifier(boost::asio::io_context& loop) : timer_(loop) {
  std::uint64_t timeout = 0;
  if (::sd_watchdog_enabled(0, &timeout) > 0) interval_ = std::chrono::microseconds(timeout / 3);
}

notifier::~notifier() {
  tell("STOPPING=1");
}

void notifier::start() {
  if (interval_.count() != 0) feed();
}

void notifier::feed() {
  tell("WATCHDOG=1");
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) feed();
  });
}

void notifier::ready(const std::string& status) {
  tell("READY=1\nSTATUS=" + status);
}

void notifier::status(const std::string& status) {
  tell("STATUS=" + status);
}

void notifier::reloading() {
  tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us()));
}

}  // namespace twinmapd

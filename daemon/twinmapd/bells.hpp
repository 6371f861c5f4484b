// Waits for the bells of all maps at once, on threads that sleep in the kernel until one rings.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>
#include <twinmap/admin.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace twinmapd {

/// A bell is armed, rings once, and is to be armed again. All members are for the loop's thread.
class bells {
 public:
  /// `rung(id)` is called on the loop.
  bells(boost::asio::io_context& loop, std::function<void(std::uint64_t)> rung);
  ~bells();
  bells(const bells&) = delete;
  bells& operator=(const bells&) = delete;

  /// `keep` is held as long as the word may be looked at: what the bell's word lies in.
  void arm(std::uint64_t id, twinmap::bell bell, std::shared_ptr<const void> keep);
  void disarm(std::uint64_t id);

 private:
  class ringer;

  boost::asio::io_context& loop_;
  std::function<void(std::uint64_t)> rung_;
  std::vector<std::unique_ptr<ringer>>
      ringers_;  ///< a thread each, for as many as the kernel takes
};

}  // namespace twinmapd

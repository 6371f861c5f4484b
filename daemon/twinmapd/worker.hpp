// A thread for what takes long (a check of a large map takes seconds), so that the loop does not.
// There is none while there is nothing to do.
#pragma once

#include <utility>  // Asio 1.74 forgets it

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace twinmapd {

class worker {
 public:
  explicit worker(boost::asio::io_context& loop) : loop_(loop) {}
  /// Waits for the job under way, but not for long: what is left of it dies with the process, which
  /// a map bears (P4).
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Runs `job` on the thread, then on the loop what it returned. False if too many jobs wait.
  bool run(std::function<std::function<void()>()> job);

 private:
  struct shared_state;
  static void work(const std::shared_ptr<shared_state>& state);

  boost::asio::io_context& loop_;
  std::shared_ptr<shared_state> state_;  ///< null until the first job
};

}  // namespace twinmapd

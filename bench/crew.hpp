#pragma once

// The workers: forked processes that attach by name, or threads that share one instance. Both wait
// for orders on a page that all of them map, start through one gate and time themselves, so the two
// kinds are measured alike.

#include <semaphore.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include "questions.hpp"

namespace bench {

/// Shared between the coordinator and its workers. The semaphores order every other field.
struct gate {
  struct post {
    sem_t ordered;
    task order;
    outcome result;
  };
  std::array<post, most_workers> posts;
  sem_t done;
  std::atomic<int> arrived;  ///< workers that stand at the gate
  int workers;
  std::atomic<bool> failed;
  std::array<char, 256> reason;  ///< written by the one worker that set `failed`
};

/// What a worker does with an order.
using work = std::function<outcome(const task&)>;

/// Waits for orders and answers them until it is told to quit.
void serve(gate& entrance, int worker, const work& answer_order) noexcept;

/// Records the exception being handled and reports the worker as done.
void report_failure(gate& entrance) noexcept;

/// Thrown when the run was interrupted by a signal; destructors then tidy up.
struct interrupted {};

/// Makes SIGINT, SIGTERM and SIGHUP end the run by `interrupted`.
void catch_signals();

class crew {
 public:
  /// Starts `workers` workers. `body(worker, gate)` runs in each of them: in a forked process when
  /// `processes` is set, else in a thread. It must call serve.
  crew(int workers, bool processes, std::function<void(int, gate&)> body);
  ~crew();
  crew(const crew&) = delete;
  crew& operator=(const crew&) = delete;

  /// Gives each worker its order at the same time; returns when all are done. Throws what a worker
  /// failed with.
  std::vector<outcome> run(std::span<const task> orders);

  int workers() const noexcept { return entrance_->workers; }

 private:
  void start_process(int worker, const std::function<void(int, gate&)>& body);
  void await_one();
  void check_children();
  void stop() noexcept;

  gate* entrance_;
  bool processes_;
  std::vector<pid_t> children_;
  std::vector<std::jthread> threads_;
};

}  // namespace bench

#pragma once

// What a reader and a writer tell each other while they work, threads or processes.

#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "load_timer.hpp"

namespace bench::beside {

/// How the orders of a pass belong together.
enum class company {
  none,      ///< each worker answers its own order, as in the other programs
  writer,    ///< who loads is timed while the other stores
  growth,    ///< who loads is timed load by load while the other inserts
  weighing,  ///< what the map takes in memory is asked
};

/// Bytes that a map takes.
struct weight {
  std::uint64_t used = 0;      ///< by the map's own account
  std::uint64_t resident = 0;  ///< by the system's
  int tables = 0;              ///< that hold every key, if the map counts them
};

/// In memory that all workers share. The semaphores of the gate order what is not atomic.
struct board {
  static constexpr std::size_t line = 64;

  company now = company::none;
  std::uint64_t writer_cpu_ns = 0;  ///< writer: how long that ran
  tick_scale scale;
  std::uint64_t loads_per_insert = 0;  ///< growth: the writer's pace
  std::uint64_t latest = 0;            ///< growth: see `pick` in roles.hpp
  load_times times;                    ///< growth: of the loads
  std::uint64_t promotions = 0;        ///< growth: of the map, as far as it counts them
  weight weighed;                      ///< weighing

  alignas(line) std::atomic<std::uint64_t> written{0};  ///< stores done, or keys in the map
  alignas(line) std::atomic<std::uint64_t> loaded{0};   ///< loads done
  alignas(line) std::atomic<bool> writer_left{false};
  std::atomic<bool> reader_left{false};

  /// Between two passes.
  void begin(company with) {
    now = with;
    written = 0;
    loaded = 0;
    writer_left = false;
    reader_left = false;
  }
};

/// A T that this process shares with the children it will have.
template <class T>
class shared_with_children {
 public:
  shared_with_children() {
    void* memory =
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
    object_ = new (memory) T();
  }
  ~shared_with_children() { munmap(object_, sizeof(T)); }
  shared_with_children(const shared_with_children&) = delete;
  shared_with_children& operator=(const shared_with_children&) = delete;

  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }

 private:
  T* object_;
};

/// Says at the end of a worker's part that it has left, however that ends: nobody waits for it
/// then.
class leaving {
 public:
  explicit leaving(std::atomic<bool>& left) noexcept : left_(left) {}
  ~leaving() { left_.store(true, std::memory_order_release); }
  leaving(const leaving&) = delete;
  leaving& operator=(const leaving&) = delete;

 private:
  std::atomic<bool>& left_;
};

/// Ends a wait for a worker that was killed and so could not say that it leaves.
class patience {
 public:
  explicit patience(const char* whom) noexcept : whom_(whom) {}

  /// Throws if `progress` is what it was a minute of calls ago.
  void check(std::uint64_t progress) {
    const auto now = std::chrono::steady_clock::now();
    if (progress != seen_) {
      seen_ = progress;
      since_ = now;
    } else if (now - since_ > std::chrono::minutes(1)) {
      throw std::runtime_error(std::string("waited a minute for the ") + whom_);
    }
  }
  /// The same, and lets others run.
  void wait(std::uint64_t progress) {
    check(progress);
    std::this_thread::yield();
  }

 private:
  const char* whom_;
  std::uint64_t seen_ = 0;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace bench::beside

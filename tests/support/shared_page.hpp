// Memory and a start gate that a test shares with the children it forks, apart from any map.
#pragma once

#include <sched.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>
#include <type_traits>
#include <utility>

namespace test_support {

// One T in anonymous MAP_SHARED memory: made before fork, seen by parent and children alike. Every
// process drops its own mapping; T's destructor does not run, so it must be trivial.
template <class T>
class shared_page {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  template <class... Args>
  explicit shared_page(Args&&... args) {
    void* memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
      throw std::system_error(errno, std::system_category(), "mmap of a shared page");
    }
    object_ = ::new (memory) T(std::forward<Args>(args)...);
  }
  shared_page(const shared_page&) = delete;
  shared_page& operator=(const shared_page&) = delete;
  ~shared_page() { ::munmap(object_, sizeof(T)); }

  T& operator*() const { return *object_; }
  T* operator->() const { return object_; }
  T* get() const { return object_; }

 private:
  T* object_;
};

// Waits, yielding, until the condition holds; false when it did not within the time.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::sched_yield();
  }
  return true;
}

// Lets processes begin at the same moment: each calls arrive_and_wait, the parent calls
// open_for(count). Lives in a shared_page, alone or as a member. Both sides give up after their
// deadline and say so.
class start_gate {
 public:
  bool arrive_and_wait(std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    arrived_.fetch_add(1);
    return eventually([this] { return open_.load() != 0; }, limit);
  }

  // Opens once `count` have arrived. Opens after the deadline too, so that nobody waits for the
  // missing one.
  bool open_for(int count, std::chrono::milliseconds limit = std::chrono::seconds(30)) {
    const bool complete = eventually([&] { return arrived_.load() >= count; }, limit);
    open_.store(1);
    return complete;
  }

  int arrived() const { return arrived_.load(); }

 private:
  std::atomic<int> arrived_{0};
  std::atomic<int> open_{0};
};

}  // namespace test_support

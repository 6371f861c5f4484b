// Where a process writes what it does, in memory that outlives it.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "operation.hpp"
#include "stamp.hpp"
#include "suspension.hpp"

namespace linearizability {

inline constexpr std::size_t most_keys = 8;
inline constexpr std::size_t most_processes = 24;  // of one history, one after the other included
inline constexpr std::size_t most_records = 4096;

// Lives in shared memory; one process writes it, and who reads it does so when that one has ended.
// A death in the middle leaves the operation with its invocation and without a return.
class book {
 public:
  // The operation is about to begin. The stamp is taken last.
  operation& begin(const operation& what) noexcept {
    operation& op = append(what);
    suspender::enter();
    op.invoked = stamp();
    publish();
    return op;
  }
  // It has returned. What came back is to be written down before `complete`.
  static std::uint64_t end() noexcept {
    const std::uint64_t now = stamp();
    suspender::leave();
    return now;
  }
  void complete(operation& op, std::uint64_t returned) noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    op.returned = returned;
  }
  // For calls on many keys: an operation that is written down as a whole, or before its call.
  operation& append(const operation& what) noexcept {
    operation& op = records_[used_];
    op = what;
    return op;
  }
  void publish() noexcept {
    std::atomic_signal_fence(std::memory_order_seq_cst);
    ++used_;
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }

  // Something that no order explains: a torn value, a key that for_each visits twice.
  void fault(const char* what) noexcept { fault_ = what; }
  const char* fault() const noexcept { return fault_; }

  operation& at(std::size_t i) noexcept { return records_[i]; }
  bool has_room() const noexcept { return used_ + 4 * most_keys < most_records; }
  std::span<const operation> operations() const noexcept { return {records_.data(), used_}; }

  void reset() noexcept {
    used_ = 0;
    calls = 0;
    inside = 0;
    fault_ = nullptr;
    used_members = {};
  }

  std::uint64_t calls = 0;                            // that returned
  std::atomic<std::uint64_t> inside{0};               // interruptions inside an operation
  std::array<std::uint32_t, members> used_members{};  // calls of each member

 private:
  std::size_t used_ = 0;
  const char* fault_ = nullptr;  // a literal: at the same address in every forked process
  std::array<operation, most_records> records_;
};

}  // namespace linearizability

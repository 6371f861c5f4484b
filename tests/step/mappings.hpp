// Where this process has segments mapped. They can be closed, so that each instruction that reads
// or writes one is seen. All of it may be called in a signal handler.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace step_tests {

struct range_of_memory {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  bool contains(std::uintptr_t address) const noexcept { return begin <= address && address < end; }
};

class mappings {
 public:
  // Finds, while they are open, all shared mappings of files of a file system that can be read, but
  // for those within `but`.
  void find(dev_t of, range_of_memory but) noexcept;
  bool contain(std::uintptr_t address) const noexcept;
  // Every access faults until they are open again.
  void close() noexcept;
  void open() noexcept;

 private:
  struct mapping {
    range_of_memory where;
    int protection = 0;
  };
  void add(mapping found) noexcept;

  std::array<mapping, 64> all_{};
  std::size_t count_ = 0;
  bool closed_ = false;
};

}  // namespace step_tests

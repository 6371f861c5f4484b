// Where this process has segments mapped. They can be closed, so that each instruction that reads
// or writes one is seen. All of it may be called in a signal handler.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

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
  // Every access faults until they are open again.
  void close() noexcept;
  void open() noexcept;
  // Opens one page of those that are closed, until the next close(): the whole takes a hundred
  // times as long. False if no such page is closed there.
  bool open_page(std::uintptr_t address) noexcept;
  // Opens all but this one.
  void close_only(std::uintptr_t page) noexcept;
  // Pages have the same places in their files in each run, if not in memory. Nothing, if it is not
  // of one mapping alone that was not found in `before`.
  std::optional<std::uint64_t> offset_of(std::uintptr_t page,
                                         const mappings& before) const noexcept;
  std::optional<std::uintptr_t> page_at(std::uint64_t offset,
                                        const mappings& before) const noexcept;
  std::size_t opened_pages() const noexcept { return open_count_; }
  // The one that is open although the others are closed. Nothing, if there are more.
  std::optional<std::uintptr_t> opened_page() const noexcept {
    return open_count_ == 1 ? std::optional(open_pages_[0]) : std::nullopt;
  }

 private:
  struct mapping {
    range_of_memory where;
    int protection = 0;
    std::uint64_t offset = 0;  // in its file
  };
  void add(mapping found) noexcept;
  const mapping* of(std::uintptr_t page) const noexcept;
  void protect_page(std::uintptr_t page, int protection) const noexcept;

  std::array<mapping, 64> all_{};
  std::size_t count_ = 0;
  bool closed_ = false;
  std::uintptr_t only_closed_ = 0;              // while the others are open
  std::array<std::uintptr_t, 4> open_pages_{};  // while it is; an instruction reads one or two
  std::size_t open_count_ = 0;
};

}  // namespace step_tests

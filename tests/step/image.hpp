// A map's two files as others see them: taken, put back, compared.
#pragma once

#include <step/mappings.hpp>
#include <support/names.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace step_tests {

inline constexpr std::size_t page_bytes = 4096;

// Pages of a file that hold something, by number: those that anybody ever touched. The others are
// zero, be they resident or not.
std::vector<std::uint32_t> touched_pages(const std::filesystem::path& path);

// Everything about a map's files that the next ones can find out: bytes, and which pages are
// resident. Nobody is attached when it is taken.
class map_image {
 public:
  explicit map_image(const test_support::scoped_name& name);
  // As new files. What is mapped somewhere stays what it was.
  void restore() const;
  // Pages of the segment that have memory.
  const std::vector<std::uint32_t>& resident() const;

 private:
  struct file {
    explicit file(const std::filesystem::path& where);
    void restore() const;
    std::filesystem::path path;
    bool exists = false;
    std::uint32_t mode = 0;
    std::uint64_t size = 0;
    std::vector<std::uint32_t> resident;
    std::vector<std::uint32_t> touched;
    std::vector<std::byte> bytes;  // of the touched pages
  };
  file segment_;
  file lock_;
};

// Watches a segment for changes by whoever: its bytes in `pages`, but for the times in them, and
// how much memory there is behind it. What says by whom (process, thread) is left out of the hash,
// which is to be the same in the next run.
class image_watch {
 public:
  // `resident`: those that have memory now, as long as no memory comes or goes.
  image_watch(const std::filesystem::path& path, std::vector<std::uint32_t> pages,
              std::vector<std::uint32_t> resident);
  image_watch(const image_watch&) = delete;
  image_watch& operator=(const image_watch&) = delete;
  ~image_watch();

  // Since the last call.
  bool changed() noexcept;
  // Of what the last call of `changed` saw.
  std::uint64_t hash() noexcept;
  // Likewise.
  bool mutex_is_held() const noexcept;
  // Its own way to look.
  range_of_memory mapped() const noexcept;

 private:
  bool open() noexcept;
  bool any_changed(std::uint32_t page, bool mapped) noexcept;

  std::string path_;
  std::vector<std::uint32_t> pages_;
  std::vector<std::uint32_t> resident_;
  std::uint64_t resident_blocks_;
  std::vector<std::byte> seen_;
  int file_ = -1;
  std::byte* base_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t first_blocks_ = 0;
  std::uint64_t blocks_ = 0;
  bool whole_ = false;  // no page has come or gone
};

}  // namespace step_tests

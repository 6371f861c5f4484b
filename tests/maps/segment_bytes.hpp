// A segment's file as a hostile or broken peer has it: mapped for writing, with nothing checked.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <twinmap/storage/layout.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <system_error>

namespace test_maps {

class segment_bytes {
 public:
  explicit segment_bytes(const std::filesystem::path& path)
      : size_(std::filesystem::file_size(path)) {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0) throw std::system_error(errno, std::system_category(), path);
    void* base = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (base == MAP_FAILED) throw std::system_error(errno, std::system_category(), path);
    base_ = static_cast<std::byte*>(base);
  }
  segment_bytes(const segment_bytes&) = delete;
  segment_bytes& operator=(const segment_bytes&) = delete;
  ~segment_bytes() { ::munmap(base_, size_); }

  std::byte* base() const { return base_; }
  std::uint64_t size() const { return size_; }
  twinmap::storage::segment_header& header() const {
    return *reinterpret_cast<twinmap::storage::segment_header*>(base_);
  }

 private:
  std::uint64_t size_;
  std::byte* base_ = nullptr;
};

}  // namespace test_maps

// What a test needs to know of the machine's huge pages, and a pool of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace test_support {

// Empty if a file on a tmpfs can get huge pages by MADV_COLLAPSE, else the reason, ready to print.
// Tried for real.
std::string why_no_huge_pages();

// Bytes of the calling process's mapping around `memory` that lie on huge pages.
std::uint64_t huge_bytes_around(const void* memory);

// Adds pages of 2 MiB to the machine's pool for hugetlbfs, and takes them back at the end. Of use
// only to tests that run alone.
class huge_page_pool {
 public:
  explicit huge_page_pool(std::size_t pages);
  huge_page_pool(const huge_page_pool&) = delete;
  huge_page_pool& operator=(const huge_page_pool&) = delete;
  ~huge_page_pool();

  // Empty if the pages are there, else the reason.
  const std::string& why_not() const { return why_not_; }

 private:
  std::size_t before_ = 0;
  std::string why_not_;
};

}  // namespace test_support

#pragma once

// What this library asks of the system for the sake of large pages. Nothing here is needed for
// correctness: where the system refuses, memory comes in small pages.

#include <cstddef>
#include <cstdint>
#include <string>

namespace twinmap::platform {

/// What one entry of a page table's second level maps on the processors that pages of 4 KiB are
/// usual on. Offsets in the file and addresses must agree modulo this. Where it is larger (64 KiB
/// pages), the requests below come to nothing.
inline constexpr std::uint64_t huge_page_bytes = 2u << 20;

/// Bytes of a page of the hugetlbfs that a file, or a directory, lies on; 0 if that is another file
/// system.
std::uint64_t hugetlbfs_page(int file) noexcept;
std::uint64_t hugetlbfs_page(const std::string& directory) noexcept;

/// What mappings of the file are made of: their length is rounded up to it, and unmapping takes
/// whole ones only.
std::size_t mapping_unit(int file) noexcept;

/// An address where `size` bytes are free just now, a multiple of huge_page_bytes. Another thread
/// may be faster in mapping something there. Null if there is none.
void* find_aligned_address(std::uint64_t size) noexcept;

/// Backs each whole huge page in [offset, offset + length) of a file, mapped for writing at `base`,
/// with one, if its first page is not in use yet: elsewhere it would hold up those who use it. What
/// became resident, if anything, is not told.
/// Progress: system calls; where memory is fragmented the kernel may take its time to find room.
void take_huge_pages(int file, std::byte* base, std::uint64_t offset,
                     std::uint64_t length) noexcept;

/// Has this process's page tables name what lies at `page`, as a read would, but without SIGBUS
/// where there is no memory. Nothing on kernels before 5.14.
void map_page(std::byte* page) noexcept;

/// MADV_POPULATE_WRITE: makes the pages of a writable mapping resident, errno else, ENOSPC if there
/// is no memory for them.
int populate(std::byte* start, std::uint64_t length) noexcept;

}  // namespace twinmap::platform

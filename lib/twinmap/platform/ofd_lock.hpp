#pragma once

#include <cstdint>

namespace twinmap::platform {

// Locks of open file descriptions (F_OFD_*), on one byte. They belong to the description, not to
// the process: they go when its last descriptor and mapping are gone, which the kernel sees to when
// a process dies.

/// Takes a write lock without waiting. False with errno: EAGAIN or EACCES if somebody else has it.
bool try_lock_byte(int file, std::uint64_t byte) noexcept;

/// Takes a read lock, which any number may have while nobody has a write lock; likewise. Of a
/// description that has one of them it becomes the other.
bool try_share_byte(int file, std::uint64_t byte) noexcept;

void unlock_byte(int file, std::uint64_t byte) noexcept;

/// 1: another description holds a write lock on it; 0: none does; -1: the kernel would not say
/// (errno).
int byte_is_locked(int file, std::uint64_t byte) noexcept;

/// The same for locks of either kind.
int byte_is_shared(int file, std::uint64_t byte) noexcept;

}  // namespace twinmap::platform

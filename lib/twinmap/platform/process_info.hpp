#pragma once

// What /proc tells about other processes: for people, never for decisions.

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace twinmap::platform {

/// Inode of this process's PID namespace, 0 if unknown.
std::uint64_t pid_namespace() noexcept;

struct process_info {
  bool seen = false;     ///< there is such a thread, and we may look at it
  bool stopped = false;  ///< by a signal or a debugger
  std::string command;   ///< as the kernel has it: 15 characters at most
};

/// A thread of a process in this PID namespace.
process_info look_at_thread(std::uint32_t process, std::uint32_t thread);

}  // namespace twinmap::platform

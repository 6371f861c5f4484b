#include <twinmap/platform/process_info.hpp>

#include <sys/stat.h>
#include <fstream>

namespace twinmap::platform {

std::uint64_t pid_namespace() noexcept {
  struct stat status;
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

process_info look_at_thread(std::uint32_t process, std::uint32_t thread) {
  const std::string directory = "/proc/" + std::to_string(process);
  std::ifstream status(directory + "/task/" + std::to_string(thread) + "/stat");
  std::string line;
  process_info result;
  if (!std::getline(status, line)) return result;
  result.seen = true;
  // "pid (command) state ...": the command may hold anything, also parentheses.
  const std::size_t end = line.rfind(')');
  if (end != std::string::npos && end + 2 < line.size())
    result.stopped = line[end + 2] == 'T' || line[end + 2] == 't';
  std::ifstream command(directory + "/comm");
  std::getline(command, result.command);
  return result;
}

}  // namespace twinmap::platform

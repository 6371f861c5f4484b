#pragma once

// The server of a contestant that is one: started on a unix socket for as long as its map lives.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench::shapes {

/// What a test driver takes for "not run" (CTest's SKIP_RETURN_CODE).
inline constexpr int not_installed = 77;

/// Whether `program` is in the PATH; if not, says on stderr that the contestant is left out.
bool is_installed(const std::string& program);

/// A running server. It ends with this object, and with this process however that ends.
class server_process {
 public:
  /// Starts `command` and waits until it accepts connections on `socket`. What it has to say goes
  /// to `log`. Throws std::runtime_error with the end of the log if it does not come up.
  server_process(const std::vector<std::string>& command, const std::filesystem::path& socket,
                 std::filesystem::path log);
  ~server_process();
  server_process(const server_process&) = delete;
  server_process& operator=(const server_process&) = delete;

 private:
  void start(const std::vector<std::string>& command);
  void await(const std::filesystem::path& socket);
  void stop() noexcept;
  std::string last_words() const;

  std::filesystem::path log_;
  pid_t child_ = -1;
};

}  // namespace bench::shapes

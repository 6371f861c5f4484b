#pragma once

// What the command line of a contestant's program says, and the directory it works in.

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace bench {

/// A directory of its own below `parent`, removed with everything in it.
class scratch_directory {
 public:
  explicit scratch_directory(const std::filesystem::path& parent);
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  /// A file name that no other run on this machine uses, for what lives outside the directory.
  std::string unique_name() const;

 private:
  std::filesystem::path path_;
};

struct settings {
  std::vector<std::size_t> sizes{1'000, 100'000, 1'000'000};
  bool sizes_given = false;  ///< on the command line
  std::vector<int> workers{1, 2};
  std::filesystem::path directory = "/dev/shm";
  bool inserts = true;
  bool quick = false;  ///< less of what takes long, where a program distinguishes that
  bool smoke =
      false;  ///< as few operations as show that everything works; the figures mean nothing
};

/// Takes `--sizes=`, `--workers=`, `--directory=`, `--no-inserts`, `--quick` and `--smoke` out of
/// the arguments; the rest is Google Benchmark's. Throws std::invalid_argument.
settings take_settings(int& argc, char** argv);

}  // namespace bench

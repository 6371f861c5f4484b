// Names and places that no other test, run or process uses at the same time, removed when a test
// ends however it ends.
#pragma once

#include <filesystem>
#include <string>

namespace test_support {

// "t<pid>-<random>": a valid map name. The random part keeps apart names drawn by processes that
// share a pid, which happens across PID namespaces.
std::string unique_name();

// Where maps are made if nobody says otherwise: $TWINMAP_DIR, else /dev/shm. Asked of the
// environment and not of the library, so that a wrong default in the library is seen.
std::filesystem::path default_directory();

// Owns the two files of a map by name. Removes them by plain unlink, without the library, so that a
// test of a broken library still leaves nothing behind. Only the process that made the object
// removes: a forked child does not.
class scoped_name {
 public:
  scoped_name() : scoped_name(default_directory()) {}
  explicit scoped_name(std::filesystem::path directory, std::string name = unique_name());
  scoped_name(const scoped_name&) = delete;
  scoped_name& operator=(const scoped_name&) = delete;
  ~scoped_name();

  const std::string& str() const { return name_; }
  const char* c_str() const { return name_.c_str(); }
  operator const std::string&() const { return name_; }

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path segment_file() const { return directory_ / ("twinmap." + name_); }
  std::filesystem::path lock_file() const { return directory_ / ("twinmap." + name_ + ".lock"); }

 private:
  std::filesystem::path directory_;
  std::string name_;
  int owner_pid_;
};

// A fresh directory of this test's own, removed with all it holds. Under /tmp unless told
// otherwise.
class scoped_directory {
 public:
  explicit scoped_directory(
      const std::filesystem::path& parent = std::filesystem::temp_directory_path());
  scoped_directory(const scoped_directory&) = delete;
  scoped_directory& operator=(const scoped_directory&) = delete;
  ~scoped_directory();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& leaf) const { return path_ / leaf; }

 private:
  std::filesystem::path path_;
  int owner_pid_;
};

}  // namespace test_support

// The files that dump writes and restore reads: a record a line.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace twinmap::cli {

/// Where records go: stdout, or a file that gets its name when it is complete, so that nobody finds
/// half a dump under it. A file that is there already keeps its mode; a new one is the caller's
/// alone, for a dump tells what the map's own mode may keep from others. What is no regular file
/// (/dev/null, a pipe) is written to as it is.
class record_writer {
 public:
  /// `file` empty or "-": stdout. Throws verb_failure.
  explicit record_writer(const std::string& file);
  record_writer(const record_writer&) = delete;
  record_writer& operator=(const record_writer&) = delete;
  ~record_writer();  ///< without finish(): what was written is gone

  /// False once something could not be written: to go on is of no use.
  bool line(std::string_view text);
  /// Makes it last and gives it its name. Throws verb_failure if any of it failed.
  void finish();

 private:
  void open_beside(const std::string& file);

  std::FILE* stream_ = stdout;
  std::string file_;
  std::string temporary_;  ///< the name it has until it is complete; empty: file_
  int error_ = 0;          ///< of the first write that failed
};

/// Lines of a file or of stdin, with their numbers. One line is in memory at a time.
class record_reader {
 public:
  /// `file` empty or "-": stdin. Throws verb_failure.
  explicit record_reader(const std::string& file);
  record_reader(const record_reader&) = delete;
  record_reader& operator=(const record_reader&) = delete;
  ~record_reader();

  /// False at the end. Throws verb_failure if the file cannot be read.
  bool next();
  std::string_view line() const { return {line_, length_}; }
  /// For messages: "FILE:LINE".
  std::string where() const;
  /// Bytes of the file, and how many of them were read; the first is 0 where that is not known.
  std::uint64_t bytes() const;
  std::uint64_t bytes_read() const { return read_; }

 private:
  std::string name_;
  std::FILE* stream_ = stdin;
  char* line_ = nullptr;
  std::size_t room_ = 0;
  std::size_t length_ = 0;
  std::uint64_t number_ = 0;
  std::uint64_t read_ = 0;
};

}  // namespace twinmap::cli

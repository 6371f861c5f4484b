// Data on stdout: a table for people, JSON for programs. Verbs hand over JSON values whose fields
// are named as in the C++ structs; what they look like is decided here.
#pragma once

#include <cli/settings.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace twinmap::cli {

/// One column of a table: which field, under which heading.
struct column {
  std::string field;
  std::string heading;
  bool right = false;  ///< numbers are aligned at their last digit
};

/// Writes a list row by row: a table, one JSON array, or one object a line. A list may be longer
/// than memory, so widths are those of the first rows; later ones that are wider push their line.
class row_writer {
 public:
  row_writer(const settings& common, std::vector<column> columns);

  /// Rows come one by one with time between them: each is shown at once, under its heading's width.
  void stream();
  void row(const json& object);
  void finish();  ///< to be called once, after the last row

 private:
  using cells = std::vector<std::string>;

  void write_line(const cells& line) const;
  void flush_sample();

  static constexpr std::size_t sample_rows = 1000;

  output_format format_;
  bool headings_;
  std::vector<column> columns_;
  std::vector<cells> sample_;
  std::vector<std::size_t> widths_;
  bool sampled_ = false;
  bool streaming_ = false;
  bool any_ = false;
};

/// One object: a line per field, or one JSON object.
void write_object(const settings& common, const json& object);

/// Exactly these bytes.
void write_bytes(std::string_view bytes);

/// Pushes out what is buffered. Throws verb_failure if any of it could not be written.
void finish_output();

/// A message for the person at the terminal, on stderr, unless -q.
void say(const settings& common, std::string_view text);

}  // namespace twinmap::cli

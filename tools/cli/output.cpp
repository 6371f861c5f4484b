#include <fmt/chrono.h>
#include <fmt/format.h>
#include <cli/encoding.hpp>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/sizes.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace twinmap::cli {
namespace {

constexpr std::size_t widest_cell = 60;

// Code points, which is what most of them take on a terminal.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string shortened(std::string text) {
  if (width_of(text) <= widest_cell) return text;
  std::size_t end = 0;
  for (std::size_t seen = 0; seen < widest_cell; ++end) {
    if ((text[end] & 0xC0) != 0x80) ++seen;
  }
  text.resize(end - 1);
  return text + "…";
}

std::string show_time(std::uint64_t nanoseconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(nanoseconds / 1'000'000'000)));
}

std::string show_duration(std::uint64_t nanoseconds) {
  const auto in = [nanoseconds](double unit) { return static_cast<double>(nanoseconds) / unit; };
  if (nanoseconds < 1'000'000) return fmt::format("{:.1f} us", in(1e3));
  if (nanoseconds < 1'000'000'000) return fmt::format("{:.1f} ms", in(1e6));
  return fmt::format("{:.1f} s", in(1e9));
}

// A field's name says its unit; tables show it as people read it.
std::string cell_text(const std::string& field, const json& value) {
  if (value.is_null()) return "-";
  if (value.is_number_unsigned()) {
    if (field.starts_with("bytes_") || field.ends_with("_bytes"))
      return show_bytes(value.get<std::uint64_t>());
    if (field.ends_with("_ns")) return show_duration(value.get<std::uint64_t>());
    if (field == "created_at" || field == "since") return show_time(value.get<std::uint64_t>());
  }
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_object() && value.contains("b64")) return "b64:" + value["b64"].get<std::string>();
  return value.dump();
}

}  // namespace

row_writer::row_writer(const settings& common, std::vector<column> columns)
    : format_(common.output), headings_(!common.no_headers), columns_(std::move(columns)) {}

void row_writer::stream() {
  streaming_ = true;
  if (format_ == output_format::table) flush_sample();
}

void row_writer::row(const json& object) {
  if (format_ != output_format::table) {
    if (format_ == output_format::document) write_bytes(any_ ? ",\n" : "[\n");
    write_bytes(object.dump());
    if (format_ == output_format::lines) write_bytes("\n");
    any_ = true;
    if (streaming_) finish_output();
    return;
  }
  cells line;
  for (const column& each : columns_) {
    const auto found = object.find(each.field);
    line.push_back(shortened(found == object.end() ? "-" : cell_text(each.field, *found)));
  }
  if (sampled_) write_line(line);
  if (streaming_) finish_output();
  if (sampled_) return;
  sample_.push_back(std::move(line));
  if (sample_.size() == sample_rows) flush_sample();
}

void row_writer::finish() {
  if (format_ == output_format::document) write_bytes(any_ ? "\n]\n" : "[]\n");
  if (format_ == output_format::table && !sampled_) flush_sample();
}

void row_writer::flush_sample() {
  sampled_ = true;
  cells headings;
  for (const column& each : columns_)
    headings.push_back(each.heading);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = headings_ ? headings[i].size() : 0;
    for (const cells& line : sample_)
      width = std::max(width, width_of(line[i]));
    widths_.push_back(width);
  }
  if (headings_) write_line(headings);
  for (const cells& line : sample_)
    write_line(line);
  sample_.clear();
}

void row_writer::write_line(const cells& line) const {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const std::size_t width = width_of(line[i]);
    const std::string padding(widths_[i] > width ? widths_[i] - width : 0, ' ');
    const bool last = i + 1 == line.size();
    if (i != 0) text += "  ";
    text += columns_[i].right ? padding + line[i] : line[i] + (last ? "" : padding);
  }
  text.erase(text.find_last_not_of(' ') + 1);
  write_bytes(text + "\n");
}

void write_object(const settings& common, const json& object) {
  if (common.output != output_format::table) {
    write_bytes(object.dump(common.output == output_format::document ? 2 : -1) + "\n");
    return;
  }
  std::size_t width = 0;
  for (const auto& item : object.items())
    width = std::max(width, item.key().size());
  for (const auto& item : object.items()) {
    if (!item.value().is_array()) {
      write_bytes(
          fmt::format("{:<{}}  {}\n", item.key(), width, cell_text(item.key(), item.value())));
      continue;
    }
    for (const json& element : item.value())
      write_bytes(fmt::format("{:<{}}  {}\n", item.key(), width, cell_text(item.key(), element)));
  }
}

void write_bytes(std::string_view bytes) {
  // A failure stays recorded in the stream and is reported once, by finish_output.
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}

void finish_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  const std::error_code why(errno != 0 ? errno : EIO, std::system_category());
  throw verb_failure(exit_code::failure, "writing to stdout: " + why.message());
}

void say(const settings& common, std::string_view text) {
  if (common.quiet) return;
  // The library's errors begin with its name already.
  const bool named = text.starts_with("twinmap ");
  // Unlike fmt::print it does not throw where stderr is closed or full: the exit code still tells.
  std::fputs(fmt::format("{}{}\n", named ? "" : "twinmap: ", text).c_str(), stderr);
}

}  // namespace twinmap::cli

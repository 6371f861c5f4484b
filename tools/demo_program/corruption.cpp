#include <demo_program/corruption.hpp>

#include <fcntl.h>
#include <unistd.h>
#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace demo {
namespace {

namespace ipc = boost::interprocess;

class descriptor {
 public:
  explicit descriptor(const std::string& file)
      : number_(::open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (number_ < 0) throw std::system_error(errno, std::system_category(), file);
  }
  ~descriptor() { ::close(number_); }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  /// Where the next stretch with memory behind it begins (SEEK_DATA) or ends (SEEK_HOLE).
  off_t seek(off_t from, int what) const { return ::lseek(number_, from, what); }

 private:
  int number_;
};

/// The places of `bytes` in the file's memory: a value that was moved leaves them behind as well.
/// Holes are passed over: reading one would fill it.
std::vector<char*> copies(char* base, const descriptor& file, const std::string& bytes) {
  std::vector<char*> all;
  for (off_t begin = file.seek(0, SEEK_DATA); begin >= 0;) {
    const off_t end = file.seek(begin, SEEK_HOLE);
    if (end < 0) break;
    char* at = base + begin;
    const auto left = [&] { return static_cast<std::size_t>(base + end - at); };
    while ((at = static_cast<char*>(::memmem(at, left(), bytes.data(), bytes.size()))) != nullptr)
      all.push_back(at++);
    begin = file.seek(end, SEEK_DATA);
  }
  return all;
}

}  // namespace

std::string corrupt_a_record(const stage& at, const std::string& segment_file) {
  const std::optional<std::size_t> index = draw(at, of_nobody, at.records.size() / 2);
  if (!index) throw std::runtime_error("--corrupt needs three records or more");
  const record& chosen = at.records[*index];
  std::string sealed;
  seal(chosen.key, 1, chosen.body, sealed);
  const ipc::file_mapping file(segment_file.c_str(), ipc::read_write);
  const ipc::mapped_region region(file, ipc::read_write);
  const descriptor segment(segment_file);
  const auto intact = [&] {
    return copies(static_cast<char*>(region.get_address()), segment, sealed);
  };
  std::vector<char*> found = intact();
  if (found.empty()) throw std::runtime_error("the record to corrupt is not in the segment");
  // The daemon moves values together, and may have made a copy behind the place just searched.
  for (; !found.empty(); found = intact())
    for (char* copy : found)
      copy[sealed.size() - 1] ^= 1;
  return chosen.key;
}

}  // namespace demo

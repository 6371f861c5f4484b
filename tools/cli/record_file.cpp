#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cli/exit_code.hpp>
#include <cli/output.hpp>
#include <cli/record_file.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace twinmap::cli {
namespace {

[[noreturn]] void fail(const std::string& doing, int error) {
  const std::error_code why(error, std::system_category());
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  throw verb_failure(forbidden ? exit_code::permission : exit_code::failure,
                     doing + ": " + why.message());
}

const sigset_t& interrupts() {
  static const sigset_t all = [] {
    sigset_t signals;
    ::sigemptyset(&signals);
    for (const int each : {SIGINT, SIGTERM, SIGHUP})
      ::sigaddset(&signals, each);
    return signals;
  }();
  return all;
}

// What an interrupted dump takes with it. Written before the handlers are set, read by them.
char interrupted_file[4096];

void remove_and_die(int signal) {
  ::unlink(interrupted_file);
  ::raise(signal);  // its default action is back in force, and comes when this handler returns
}

void remove_when_interrupted(const std::string& file) {
  if (file.size() >= sizeof interrupted_file) return;
  std::memcpy(interrupted_file, file.c_str(), file.size() + 1);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction ours {};
    struct sigaction before {};
    ours.sa_handler = remove_and_die;
    ours.sa_flags = static_cast<int>(SA_RESETHAND);
    // nohup and the like: what is ignored stays so.
    if (::sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN)
      ::sigaction(signal, &ours, nullptr);
  }
}

void forget_interrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == remove_and_die)
      std::signal(signal, SIG_DFL);
  }
}

}  // namespace

record_writer::record_writer(const std::string& file) {
  if (file.empty() || file == "-") return;
  std::error_code ignored;
  const std::filesystem::path target = std::filesystem::canonical(file, ignored);
  const std::string name = ignored ? file : target.string();  // a link stays a link
  struct stat there {};
  const bool exists = ::stat(name.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) {
    file_ = name;
    stream_ = std::fopen(name.c_str(), "we");
    if (stream_ == nullptr) fail("cannot write to " + file, errno);
    return;
  }
  open_beside(name);
  if (exists) ::fchmod(::fileno(stream_), there.st_mode & 07777);
}

void record_writer::open_beside(const std::string& file) {
  const std::filesystem::path path(file);
  temporary_ = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
  // Not a moment in which the file is there and an interrupt would leave it.
  sigset_t before;
  ::pthread_sigmask(SIG_BLOCK, &interrupts(), &before);
  const int descriptor = ::mkostemp(temporary_.data(), O_CLOEXEC);
  const int error = errno;
  if (descriptor >= 0) remove_when_interrupted(temporary_);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (descriptor < 0) {
    temporary_.clear();
    fail("cannot write " + file, error);
  }
  stream_ = ::fdopen(descriptor, "w");
  file_ = file;
}

record_writer::~record_writer() {
  if (stream_ != stdout) std::fclose(stream_);
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget_interrupts();
}

bool record_writer::line(std::string_view text) {
  errno = 0;
  const bool written = std::fwrite(text.data(), 1, text.size(), stream_) == text.size() &&
                       std::fputc('\n', stream_) != EOF;
  if (!written && error_ == 0) error_ = errno != 0 ? errno : EIO;
  return written;
}

void record_writer::finish() {
  if (error_ != 0) fail("writing to " + (stream_ == stdout ? "stdout" : file_), error_);
  if (stream_ == stdout) return finish_output();
  errno = 0;
  const bool whole = std::fflush(stream_) == 0 && std::ferror(stream_) == 0;
  // Not before it is on the disk: a name must not come to lead to nothing after a power cut.
  const bool kept = whole && (temporary_.empty() || ::fsync(::fileno(stream_)) == 0);
  if (!kept) fail("writing to " + file_, errno != 0 ? errno : EIO);
  if (temporary_.empty()) return;
  if (std::rename(temporary_.c_str(), file_.c_str()) != 0) fail("cannot write " + file_, errno);
  temporary_.clear();
  forget_interrupts();
}

record_reader::record_reader(const std::string& file) : name_(file) {
  if (file.empty() || file == "-") {
    name_ = "stdin";
    return;
  }
  stream_ = std::fopen(file.c_str(), "re");
  if (stream_ == nullptr) fail("cannot read " + file, errno);
}

record_reader::~record_reader() {
  std::free(line_);
  if (stream_ != stdin) std::fclose(stream_);
}

bool record_reader::next() {
  errno = 0;
  const ssize_t got = ::getline(&line_, &room_, stream_);
  if (got < 0) {
    if (std::ferror(stream_) != 0 || errno == ENOMEM) fail("reading " + name_, errno);
    return false;
  }
  length_ = static_cast<std::size_t>(got);
  read_ += length_;
  ++number_;
  return true;
}

std::string record_reader::where() const {
  return fmt::format("{}:{}", name_, number_);
}

std::uint64_t record_reader::bytes() const {
  struct stat status {};
  if (::fstat(::fileno(stream_), &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

}  // namespace twinmap::cli

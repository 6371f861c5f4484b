#include <support/terminal.hpp>

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <thread>

namespace test_support {
namespace {

using std::chrono::steady_clock;

winsize size_of(std::size_t columns, std::size_t rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  return size;
}

// The numbers of "12;7"; none of them is below `least`.
std::vector<std::size_t> numbers_in(std::string_view text, std::size_t least) {
  std::vector<std::size_t> numbers{0};
  for (const char each : text) {
    if (each == ';') numbers.push_back(0);
    if (each >= '0' && each <= '9')
      numbers.back() = numbers.back() * 10 + static_cast<std::size_t>(each - '0');
  }
  for (std::size_t& number : numbers)
    number = std::max(number, least);
  return numbers;
}

}  // namespace

screen_image::screen_image(std::size_t columns, std::size_t rows) : columns_(0), rows_(0) {
  resize(columns, rows);
}

void screen_image::resize(std::size_t columns, std::size_t rows) {
  columns_ = columns;
  rows_ = rows;
  cells_.resize(rows);
  for (auto& row : cells_)
    row.resize(columns, " ");
  column_ = std::min(column_, columns - 1);
  row_ = std::min(row_, rows - 1);
}

void screen_image::feed(std::string_view bytes) {
  for (const char byte : bytes) {
    if (!escape_.empty()) {
      escape_ += byte;
      const bool charset = escape_.size() == 2 && (byte == '(' || byte == ')');
      const bool opened = escape_.size() == 2 && byte == '[';
      const bool within = escape_.size() > 2 && escape_[1] == '[' && (byte < '@' || byte > '~');
      if (charset || opened || within) continue;
      if (escape_[1] == '[') sequence(byte);
      if (escape_[1] == 'M') row_ = row_ == 0 ? 0 : row_ - 1;
      escape_.clear();
    } else if (byte == '\x1b') {
      escape_ = byte;
    } else if (static_cast<unsigned char>(byte) < ' ') {
      control(byte);
    } else {
      print(byte);
    }
  }
}

void screen_image::print(char byte) {
  if ((byte & 0xC0) == 0x80) {  // goes on with the character that was printed last
    cells_[row_][column_ == 0 ? 0 : column_ - 1] += byte;
    return;
  }
  if (column_ == columns_) {
    column_ = 0;
    row_ = std::min(row_ + 1, rows_ - 1);
  }
  cells_[row_][column_++] = byte;
}

void screen_image::control(char byte) {
  if (byte == '\r') column_ = 0;
  if (byte == '\b' && column_ > 0) --column_;
  if (byte == '\t') column_ = std::min((column_ / 8 + 1) * 8, columns_ - 1);
  if (byte != '\n') return;
  if (row_ + 1 < rows_) {
    ++row_;
  } else {
    std::rotate(cells_.begin(), cells_.begin() + 1, cells_.end());
    erase(row_, 0, columns_);
  }
}

void screen_image::erase(std::size_t row, std::size_t from, std::size_t to) {
  for (std::size_t column = from; column < to; ++column)
    cells_[row][column] = " ";
}

void screen_image::sequence(char last) {
  const std::string_view inside = std::string_view(escape_).substr(2, escape_.size() - 3);
  const auto counted = numbers_in(inside, 1);
  const auto plain = numbers_in(inside, 0);
  const std::size_t count = counted.front();
  if (last == 'H' || last == 'f') {
    row_ = std::min(count, rows_) - 1;
    column_ = std::min(counted.size() > 1 ? counted[1] : 1, columns_) - 1;
  }
  if (last == 'A') row_ -= std::min(count, row_);
  if (last == 'B') row_ = std::min(row_ + count, rows_ - 1);
  if (last == 'C') column_ = std::min(column_ + count, columns_ - 1);
  if (last == 'D') column_ -= std::min(count, column_);
  if (last == 'K') {
    const std::size_t end = plain.front() == 1 ? std::min(column_ + 1, columns_) : columns_;
    erase(row_, plain.front() == 0 ? column_ : 0, end);
  }
  if (last == 'J') {
    if (plain.front() == 0) erase(row_, column_, columns_);
    const std::size_t first = plain.front() == 0 ? row_ + 1 : 0;
    for (std::size_t row = first; row < rows_; ++row)
      erase(row, 0, columns_);
  }
}

std::vector<std::string> screen_image::lines() const {
  std::vector<std::string> all;
  for (const auto& row : cells_) {
    std::string line;
    for (const std::string& cell : row)
      line += cell;
    line.erase(line.find_last_not_of(' ') + 1);
    all.push_back(std::move(line));
  }
  return all;
}

terminal::terminal(const std::vector<std::string>& argv, std::size_t columns, std::size_t rows,
                   const std::vector<std::string>& environment)
    : image_(columns, rows) {
  std::vector<std::string> words = argv;
  std::vector<char*> pointers;
  for (std::string& word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const winsize size = size_of(columns, rows);
  pid_ = ::forkpty(&descriptor_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::system_error(errno, std::system_category(), "forkpty");
  if (pid_ > 0) return;
  ::setenv("TERM", "vt100", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  for (const std::string& each : environment)
    ::putenv(const_cast<char*>(each.c_str()));  // this process ends or becomes another
  ::execvp(pointers[0], pointers.data());
  ::_exit(127);
}

terminal::~terminal() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  ::close(descriptor_);
}

void terminal::type(std::string_view keys) {
  while (!keys.empty()) {
    const ssize_t put = ::write(descriptor_, keys.data(), keys.size());
    if (put > 0) keys.remove_prefix(static_cast<std::size_t>(put));
    if (put < 0 && errno != EINTR) return;  // nobody is there any more
  }
}

void terminal::resize(std::size_t columns, std::size_t rows) {
  image_.resize(columns, rows);
  const winsize size = size_of(columns, rows);
  ::ioctl(descriptor_, TIOCSWINSZ, &size);  // which sends SIGWINCH
}

void terminal::kill(int signal) {
  ::kill(pid_, signal);
}

bool terminal::read_some(std::chrono::milliseconds limit) {
  pollfd end{descriptor_, POLLIN, 0};
  if (::poll(&end, 1, static_cast<int>(limit.count())) <= 0) return false;
  std::array<char, 65536> buffer;
  const ssize_t got = ::read(descriptor_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  sent_.append(buffer.data(), static_cast<std::size_t>(got));
  image_.feed({buffer.data(), static_cast<std::size_t>(got)});
  return true;
}

bool terminal::find(std::string_view text) const {
  const auto all = image_.lines();
  return std::any_of(all.begin(), all.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

bool terminal::shows(std::string_view text, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (!find(text)) {
    if (steady_clock::now() > deadline) return false;
    read_some(std::chrono::milliseconds(20));
  }
  return true;
}

bool terminal::hides(std::string_view text, std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  while (find(text)) {
    if (steady_clock::now() > deadline) return false;
    read_some(std::chrono::milliseconds(20));
  }
  return true;
}

std::vector<std::string> terminal::lines() {
  while (read_some(std::chrono::milliseconds(0))) {
  }
  return image_.lines();
}

std::string terminal::text() {
  std::string all;
  for (const std::string& line : lines())
    all += line + '\n';
  return all;
}

int terminal::wait(std::chrono::milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  int status = 0;
  pid_t ended = 0;
  while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0) {
    if (steady_clock::now() > deadline) return 255;
    if (!read_some(std::chrono::milliseconds(5)))
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  pid_ = -1;
  while (read_some(std::chrono::milliseconds(0))) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace test_support

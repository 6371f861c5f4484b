// A program on a terminal of its own, as a person would see it: types keys, reads the screen.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace test_support {

// What the program on the other side has drawn. Understands what ncurses sends to a vt100.
class screen_image {
 public:
  screen_image(std::size_t columns, std::size_t rows);

  void resize(std::size_t columns, std::size_t rows);
  void feed(std::string_view bytes);

  std::vector<std::string> lines() const;  // without the blanks at their ends

 private:
  void print(char byte);
  void control(char byte);
  void sequence(char last);
  void erase(std::size_t row, std::size_t from, std::size_t to);

  std::size_t columns_;
  std::size_t rows_;
  std::size_t column_ = 0;
  std::size_t row_ = 0;
  std::vector<std::vector<std::string>> cells_;  // a character each, in UTF-8
  std::string escape_;                           // what came of a sequence so far
};

// Starts argv on a new pseudo-terminal. Killed and reaped by the destructor if it is still there.
class terminal {
 public:
  static constexpr auto patience = std::chrono::seconds(20);

  terminal(const std::vector<std::string>& argv, std::size_t columns, std::size_t rows,
           const std::vector<std::string>& environment = {});
  terminal(const terminal&) = delete;
  terminal& operator=(const terminal&) = delete;
  ~terminal();

  void type(std::string_view keys);
  void resize(std::size_t columns, std::size_t rows);
  void kill(int signal);
  pid_t pid() const { return pid_; }

  // Whether the text is to be seen in one of the lines, now or within `limit`.
  bool shows(std::string_view text, std::chrono::milliseconds limit = patience);
  // Whether it is not (any more).
  bool hides(std::string_view text, std::chrono::milliseconds limit = patience);

  std::vector<std::string> lines();
  std::string text();  // all lines

  // Exit code, or 128 + signal; 255 if it did not end in time.
  int wait(std::chrono::milliseconds limit = patience);
  // Everything that it has sent, as it was sent.
  const std::string& sent() const { return sent_; }

 private:
  bool read_some(std::chrono::milliseconds limit);
  bool find(std::string_view text) const;

  int descriptor_ = -1;
  pid_t pid_ = -1;
  screen_image image_;
  std::string sent_;
};

}  // namespace test_support

// The terminal, through ncurses. Nothing here knows what is drawn.
#pragma once

#include <cli/top/frame.hpp>
#include <cli/top/view.hpp>

#include <memory>
#include <optional>

namespace twinmap::top {

/// Takes the terminal over while it lives, and gives it back however that ends, also by a signal
/// that the kernel sends for a broken map.
class screen {
 public:
  /// Throws std::runtime_error if the terminal's type is unknown.
  screen();
  ~screen();
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  extent size() const;
  const glyphs& shows() const { return glyphs_; }

  /// Sends what differs from what is on the screen.
  void show(const frame& lines);

  /// The terminal has another size now.
  void resized();

  /// The next key that was pressed; empty if there is none.
  std::optional<key_press> next_key();

 private:
  glyphs glyphs_;
};

}  // namespace twinmap::top

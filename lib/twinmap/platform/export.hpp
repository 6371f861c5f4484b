// TWINMAP_EXPORT marks what libtwinmap.so offers to programs. Everything else is compiled with
// hidden visibility, so that a symbol becomes part of the library's interface only where somebody
// wrote this macro.
#pragma once

#if defined(__GNUC__)
#define TWINMAP_EXPORT __attribute__((visibility("default")))
#else
#define TWINMAP_EXPORT
#endif

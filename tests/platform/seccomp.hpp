// Takes abilities away from the calling process, as an older kernel or another file system would.
#pragma once

namespace platform_test {

// open(…, O_TMPFILE) fails with EOPNOTSUPP from now on.
void forbid_nameless_files();

// fallocate fails with EOPNOTSUPP from now on.
void forbid_fallocate();

// renameat2 with flags fails with EINVAL from now on.
void forbid_rename_without_replacing();

// futex_waitv fails with ENOSYS from now on.
void forbid_waiting_for_many();

}  // namespace platform_test

//go:build !amd64

package timing

import "time"

var start = time.Now()

func ticks() uint64 { return uint64(time.Since(start)) }

// Package timing has the instruments of bench/beside in Go: a histogram and a timer of single loads. histogram.hpp and
// load_timer.hpp explain them.
package timing

import "math/bits"

const (
	linearBits = 5
	linear     = 1 << linearBits
)

// A Histogram counts durations with a relative error of one part in 32, after Gil Tene's HdrHistogram.
type Histogram struct {
	counts [(64 - linearBits + 1) * linear]uint64
	count  uint64
	sum    uint64
	max    uint64
}

func bucketOf(value uint64) uint64 {
	if value < 2*linear {
		return value
	}
	shift := uint64(bits.Len64(value) - linearBits - 1)
	return shift*linear + value>>shift
}

// endOf is the largest value in bucket.
func endOf(bucket uint64) uint64 {
	if bucket < 2*linear {
		return bucket
	}
	shift := bucket/linear - 1
	return (bucket-shift*linear)<<shift + 1<<shift - 1
}

// Add counts one sample.
func (h *Histogram) Add(value uint64) {
	h.counts[bucketOf(value)]++
	h.count++
	h.sum += value
	if value > h.max {
		h.max = value
	}
}

// Count is the number of samples.
func (h *Histogram) Count() uint64 { return h.count }

// Mean is exact.
func (h *Histogram) Mean() float64 {
	if h.count == 0 {
		return 0
	}
	return float64(h.sum) / float64(h.count)
}

// At returns a value that at least the share quantile of the samples does not exceed.
func (h *Histogram) At(quantile float64) uint64 {
	wanted, seen := quantile*float64(h.count), uint64(0)
	for bucket, count := range h.counts {
		seen += count
		if seen == 0 || float64(seen) < wanted {
			continue
		}
		if end := endOf(uint64(bucket)); end < h.max {
			return end
		}
		break
	}
	return h.max
}

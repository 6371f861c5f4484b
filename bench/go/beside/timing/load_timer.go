package timing

import (
	"fmt"
	"math"
	"runtime"
	"sort"
	"syscall"
	"time"
	"unsafe"
)

const (
	clockMonotonic       = 1
	clockThreadCPUTimeID = 3
)

func clock(id uintptr) uint64 {
	var now syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&now)), 0)
	return uint64(now.Nano())
}

// ThreadCPU is the time in nanoseconds that the calling thread ran.
func ThreadCPU() uint64 { return clock(clockThreadCPUTimeID) }

// A Scale says what a tick is worth and what reading the clocks costs.
type Scale struct {
	nsPerTick float64
	empty     uint64 // ticks between two readings round nothing
	cpuRead   uint64 // ticks that a read of the thread's CPU clock takes
}

func usual(f func()) uint64 {
	samples := make([]uint64, 2001)
	for i := range samples {
		before := ticks()
		f()
		samples[i] = ticks() - before
	}
	sort.Slice(samples, func(i, j int) bool { return samples[i] < samples[j] })
	return samples[len(samples)/2]
}

// Calibrate measures the scale; it takes some 50 ms.
func Calibrate() Scale {
	wall, before := clock(clockMonotonic), ticks()
	now := wall
	for now-wall < uint64(50*time.Millisecond) {
		now = clock(clockMonotonic)
	}
	s := Scale{nsPerTick: float64(now-wall) / float64(ticks()-before)}
	s.empty = usual(func() {})
	s.cpuRead = usual(func() { ThreadCPU() })
	return s
}

// NS converts ticks to nanoseconds.
func (s Scale) NS(ticks uint64) float64 { return float64(ticks) * s.nsPerTick }

func (s Scale) ticks(nanoseconds float64) uint64 { return uint64(nanoseconds / s.nsPerTick) }

const (
	stallNS   = 2000
	lookEvery = 4096
)

// A LoadTimer times single loads by the thread's CPU clock and by the one on the wall, in ticks. Between New and Close it
// belongs to one goroutine, which keeps its thread.
type LoadTimer struct {
	CPU, Wall, Rests Histogram

	scale       Scale
	stall       uint64
	last        uint64 // what the last load took, at most stall
	cpu, looked uint64 // the CPU clock when it was last read, in nanoseconds, and the ticks then
	end         uint64 // of the last load, rest or reading
	sinceLook   int
	opened      uint64 // the clock on the wall, in nanoseconds, when the timer was made …
	openedTicks uint64 // … and the ticks then
}

// New makes the timer of the calling goroutine.
func New(s Scale) *LoadTimer {
	runtime.LockOSThread()
	t := &LoadTimer{scale: s, stall: s.ticks(stallNS), opened: clock(clockMonotonic), openedTicks: ticks()}
	t.look()
	return t
}

// Close gives the thread back. It fails if the ticks have not kept time with the clock on the wall.
func (t *LoadTimer) Close() error {
	runtime.UnlockOSThread()
	wall, counted := float64(clock(clockMonotonic)-t.opened), t.scale.NS(ticks()-t.openedTicks)
	if math.Abs(counted-wall) > 0.01*wall+1e6 {
		return fmt.Errorf("the time stamp counter says %.0f ms where CLOCK_MONOTONIC says %.0f", counted*1e-6, wall*1e-6)
	}
	return nil
}

// Rest comes before each load, and lasts as long as the last one.
func (t *LoadTimer) Rest() {
	start := t.end
	now := ticks()
	for now-start < t.last {
		now = ticks()
	}
	t.Rests.Add(t.ran(start, now))
}

// Begin and End stand round each load.
func (t *LoadTimer) Begin() uint64 { return ticks() }

// End takes what Begin returned.
func (t *LoadTimer) End(start uint64) {
	end := ticks()
	whole := length(start, end)
	t.last = whole
	if t.last > t.stall {
		t.last = t.stall
	}
	t.Wall.Add(length(t.scale.empty, whole))
	t.CPU.Add(t.ran(start, end))
}

// length is 0 where another processor's counter is some ticks behind.
func length(start, end uint64) uint64 {
	if end < start {
		return 0
	}
	return end - start
}

func (t *LoadTimer) ran(start, end uint64) uint64 {
	pause, whole := length(t.end, start), length(start, end)
	if pause+whole <= t.stall {
		t.end = end
		if t.sinceLook++; t.sinceLook == lookEvery {
			t.look()
		}
		return length(t.scale.empty, whole)
	}
	off := uint64(0)
	if whole > t.stall {
		off = t.missing(end)
	}
	if pause > t.stall {
		off = length(pause, off)
	}
	t.look()
	return length(t.scale.empty, length(off, whole))
}

func (t *LoadTimer) missing(end uint64) uint64 {
	run := length(t.scale.cpuRead, t.scale.ticks(float64(ThreadCPU()-t.cpu)))
	return length(run, length(t.looked, end))
}

func (t *LoadTimer) look() {
	t.cpu = ThreadCPU()
	t.looked = ticks()
	t.end = t.looked
	t.sinceLook = 0
}

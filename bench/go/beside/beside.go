package main

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"bench/beside/timing"
	"bench/workload"
)

// headStart is what the writer has stored before the reader is timed.
const headStart = 1024

// A board is what the reader and the writer tell each other. What one of them writes shares no cache line with what the
// other does.
type board struct {
	written uint64 // stores done, or keys in the map
	_       [120]byte
	loaded  uint64 // loads done
	_       [120]byte
	left    int32 // 1 once the worker that is waited for has left
}

// storeUntilTold stores to all keys, again and again, each round another value; it returns the nanoseconds per store and
// the share of the time in which its thread ran.
func storeUntilTold(m *sync.Map, s *workload.Sequence, b *board, round uint64) (ns, ran float64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const atATime = 64
	part := workload.Task{First: s.Size / 2, Round: round}
	done := uint64(0)
	cpu, start := timing.ThreadCPU(), time.Now()
	for atomic.LoadInt32(&b.left) == 0 {
		part.Count = atATime
		if rest := len(s.Present) - part.First; part.Count > rest {
			part.Count = rest
		}
		workload.Stores(m, s, part)
		done += uint64(part.Count)
		atomic.StoreUint64(&b.written, done)
		if part.First += part.Count; part.First == len(s.Present) {
			part.First = 0
			part.Round++
		}
	}
	took := float64(time.Since(start))
	return took / float64(done), float64(timing.ThreadCPU()-cpu) / took
}

// hitBeside times a hitter while the writer surely stores; as in beside/roles.hpp.
func hitBeside(b *board, hit func() error) (took time.Duration, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer atomic.StoreInt32(&b.left, 1)
	for {
		before := atomic.LoadUint64(&b.written)
		if before < headStart {
			runtime.Gosched()
			continue
		}
		start := time.Now()
		err = hit()
		took = time.Since(start)
		if err != nil || atomic.LoadUint64(&b.written) != before {
			return took, err
		}
	}
}

// measureBeside: hits of one goroutine, alone and while another stores to all keys.
func measureBeside(size int) error {
	const roundsOfAPass = 20
	s := workload.NewSequence(size)
	m := filled(s)
	if _, err := workload.Together(hitter(m, s, 0, size)); err != nil {
		return err
	}
	var both kinds
	var writer, ran []float64
	for pair, done := 0, 0; pair < pairs(); pair++ {
		// The writer has left the entries in its own cache, and small maps lie there whole.
		if _, err := workload.Together(hitter(m, s, done, hitsPerPass)); err != nil {
			return err
		}
		done += hitsPerPass
		alone, err := workload.Together(hitter(m, s, done, hitsPerPass))
		if err != nil {
			return err
		}
		done += hitsPerPass
		b := new(board)
		var beside time.Duration
		_, err = workload.Together(
			func() (err error) {
				beside, err = hitBeside(b, hitter(m, s, done, hitsPerPass))
				return err
			},
			func() error {
				ns, share := storeUntilTold(m, s, b, uint64(pair+1)<<roundsOfAPass)
				writer, ran = append(writer, ns), append(ran, share)
				return nil
			})
		if err != nil {
			return err
		}
		done += hitsPerPass
		both.first = append(both.first, float64(alone)/hitsPerPass)
		both.second = append(both.second, float64(beside)/hitsPerPass)
	}
	if err := workload.CheckSize(m, size); err != nil {
		return err
	}
	if err := report("beside_alone", size, 1, mean(both.first), s.Checksum, nil); err != nil {
		return err
	}
	return report("beside", size, 1, mean(both.second), s.Checksum,
		workload.Counters{"writer_ns": mean(writer), "writer_ran": mean(ran), "ratio_to_alone": both.ratio()})
}

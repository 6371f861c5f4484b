package main

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"bench/beside/timing"
	"bench/workload"
)

// A growthPlan says how a writer inserts while a reader loads; as in beside/duet.hpp.
type growthPlan struct {
	first, count   int
	loadsPerInsert int
	latest         int // every second load asks for one of that many that came last
}

// insertGrowing inserts as many keys as the loads have earned.
func insertGrowing(m *sync.Map, b *board, p growthPlan) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const toldAtOnce = 16
	for inserts := 0; inserts < p.count; inserts++ {
		for atomic.LoadUint64(&b.loaded) < uint64(inserts)*uint64(p.loadsPerInsert) {
			runtime.Gosched()
		}
		index := uint64(p.first + inserts)
		key := workload.PresentKey(index)
		m.Store(key, workload.ValueOf(key, 0))
		if inserts%toldAtOnce == 0 {
			atomic.StoreUint64(&b.written, index+1)
		}
	}
	atomic.StoreUint64(&b.written, uint64(p.first+p.count))
}

// pick: as in beside/roles.hpp.
func pick(draw, known, latest uint64) uint64 {
	among := known
	if latest != 0 && draw%2 == 1 && latest < known {
		among = latest
	}
	return known - among + (workload.PresentKey(draw)>>32)*among>>32
}

// loadGrowing returns the times of the loads.
func loadGrowing(m *sync.Map, b *board, p growthPlan, scale timing.Scale) (*timing.LoadTimer, error) {
	const toldAtOnce = 64
	for atomic.LoadUint64(&b.written) == 0 {
		runtime.Gosched()
	}
	wrong := 0
	timer := timing.New(scale)
	wanted := uint64(p.loadsPerInsert) * uint64(p.count)
	for loads := uint64(0); loads != wanted; loads++ {
		if loads%toldAtOnce == 0 {
			atomic.StoreUint64(&b.loaded, loads)
		}
		key := workload.PresentKey(pick(loads, atomic.LoadUint64(&b.written), uint64(p.latest)))
		timer.Rest()
		start := timer.Begin()
		value, found := m.Load(key)
		timer.End(start)
		if !found || value.(uint64) != workload.ValueOf(key, 0) {
			wrong++
		}
	}
	atomic.StoreUint64(&b.loaded, wanted)
	if wrong != 0 {
		return nil, fmt.Errorf("%d loads did not find what was there", wrong)
	}
	return timer, timer.Close()
}

func percentiles(into workload.Counters, prefix string, h *timing.Histogram, scale timing.Scale) {
	for _, p := range []struct {
		name     string
		quantile float64
	}{{"p50_ns", 0.5}, {"p99_ns", 0.99}, {"p999_ns", 0.999}, {"p9999_ns", 0.9999}, {"max_ns", 1}} {
		into[prefix+p.name] = scale.NS(h.At(p.quantile))
	}
}

// measureLoads grows m as p says and reports the times of the loads meanwhile.
func measureLoads(question string, size int, m *sync.Map, p growthPlan, scale timing.Scale) error {
	var b board
	var timer *timing.LoadTimer
	_, err := workload.Together(
		func() (err error) {
			timer, err = loadGrowing(m, &b, p, scale)
			return err
		},
		func() error {
			insertGrowing(m, &b, p)
			return nil
		})
	if err != nil {
		return err
	}
	if err := workload.CheckSize(m, p.first+p.count); err != nil {
		return err
	}
	more := workload.Counters{"loads": float64(timer.Wall.Count())}
	percentiles(more, "", &timer.CPU, scale)
	percentiles(more, "wall_", &timer.Wall, scale)
	percentiles(more, "floor_", &timer.Rests, scale)
	return report(question, size, 1, timer.CPU.Mean()*scale.NS(1), 0, more)
}

// measureGrowth: loads while a writer inserts from empty.
func measureGrowth(size int, scale timing.Scale) error {
	runtime.GC()
	return measureLoads("growth", size, new(sync.Map), growthPlan{count: size, loadsPerInsert: 2}, scale)
}

// measureLatency: loads while a writer inserts a quarter more, slowly enough that promotions come; as in
// beside/driver.hpp.
func measureLatency(size int, scale timing.Scale) error {
	more := size / 4
	if more == 0 {
		more = 1
	}
	loads := 8*size + 1000000
	if *quick {
		loads = 4*size + 1000000
	}
	if *smoke {
		loads = 64000
	}
	m := filled(workload.NewSequence(size))
	return measureLoads("latency", size, m, growthPlan{size, more, loads / more, (more + 15) / 16}, scale)
}

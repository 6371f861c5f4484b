// Command shapes asks Go's own sync.Map about text keys what the programs in bench/shapes ask their maps, with the same
// keys in the same order, and prints one JSON object per answer.
package main

import (
	"bench/workload"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

type result struct {
	Contestant string  `json:"contestant"`
	Question   string  `json:"question"`
	Size       int     `json:"size"`
	Workers    int     `json:"workers"`
	NsPerOp    float64 `json:"ns_per_op"`
	Sequence   uint64  `json:"sequence"`
}

var (
	quick = flag.Bool("quick", false, "fewer passes")
	smoke = flag.Bool("smoke", false, "as few operations as show that it works")
)

const mebibyte = 1 << 20

// plainShapes and ycsbWorkloads: as in shapes/matrix.hpp.
func plainShapes() []workload.Shape {
	const many = 100000
	return []workload.Shape{
		{Label: "k16-v8-uniform", Keys: many, KeyBytes: 16, ValueBytes: 8},
		{Label: "k16-v64-uniform", Keys: many, KeyBytes: 16, ValueBytes: 64},
		{Label: "k16-v256-uniform", Keys: many, KeyBytes: 16, ValueBytes: 256},
		{Label: "k16-v4096-uniform", Keys: many / 5, KeyBytes: 16, ValueBytes: 4096},
		{Label: "k16-v1048576-uniform", Keys: 64, KeyBytes: 16, ValueBytes: mebibyte},
		{Label: "k8-v64-uniform", Keys: many, KeyBytes: 8, ValueBytes: 64},
		{Label: "k32-v64-uniform", Keys: many, KeyBytes: 32, ValueBytes: 64},
		{Label: "k64-v64-uniform", Keys: many, KeyBytes: 64, ValueBytes: 64},
		{Label: "k16-v64-zipf", Keys: many, KeyBytes: 16, ValueBytes: 64, Zipf: true},
	}
}

func ycsbWorkloads() (workloads []workload.Shape) {
	for _, w := range []struct {
		label   string
		updates uint64
	}{{"a", 50}, {"b", 5}, {"c", 0}} {
		workloads = append(workloads, workload.Shape{
			Label: w.label, Keys: 100000, KeyBytes: 24, ValueBytes: 100, Zipf: true, Updates: w.updates})
	}
	return workloads
}

func smokeSize(asked workload.Shape) workload.Shape {
	most := 500
	if asked.ValueBytes == mebibyte {
		most = 4
	}
	if asked.Keys > most {
		asked.Keys = most
	}
	return asked
}

// effort is how much is asked, by each worker in a pass; as in shapes/driver.hpp.
type effort struct{ passes, loads, stores, warmUp int }

func effortFor(asked workload.Shape) effort {
	if *smoke {
		return effort{1, 100, 100, 100}
	}
	e := effort{passes: 8, loads: 1 << 16}
	if *quick {
		e.passes = 2
	}
	if most := 1 << 28 / asked.ValueBytes; e.loads > most {
		e.loads = most
	}
	e.stores = e.loads / 4
	e.warmUp = e.loads
	if e.warmUp < asked.Keys {
		e.warmUp = asked.Keys
	}
	return e
}

// A filledMap is a map with the keys of keys, kept from one question to the next.
type filledMap struct {
	*sync.Map
	keys  *workload.TextSequence
	round uint64 // of stores
	done  int    // how far in the sequence earlier passes came
}

// filled makes a map stored in another order than it is asked in; as in stage.hpp.
func filled(s *workload.TextSequence) *filledMap {
	m := &filledMap{Map: new(sync.Map), keys: s}
	b := newBuffers(s)
	for index := 0; index < s.Keys; index++ {
		store(m.Map, s.PresentKey(index), b, 0)
	}
	m.Range(func(any, any) bool { return false }) // promotes dirty to read
	return m
}

// next gives each of n workers its part of the next pass, which goes on in the sequence where the last one ended.
func (m *filledMap) next(n, count int) (tasks []task) {
	for w := 0; w < n; w++ {
		tasks = append(tasks, task{w*m.keys.Len()/n + m.done, count, m.round})
	}
	m.done += count
	return tasks
}

func (m *filledMap) measure(label string, ask question, changes bool, operations, n int) error {
	e := effortFor(m.keys.Shape)
	runtime.GC()
	var tasks []task
	pass := func(count int) (time.Duration, error) {
		if changes {
			m.round++
		}
		tasks = m.next(n, count)
		return run(m.Map, m.keys, ask, tasks)
	}
	if _, err := pass(e.warmUp); err != nil {
		return err
	}
	sum := 0.0
	for i := 0; i < e.passes; i++ {
		took, err := pass(operations)
		if err != nil {
			return err
		}
		sum += float64(took) / float64(operations)
	}
	line, _ := json.Marshal(result{"go", label, m.keys.Keys, n, sum / float64(e.passes), m.keys.Checksum >> 12})
	fmt.Println(string(line))
	if !changes {
		return nil
	}
	_, err := run(m.Map, m.keys, audit, tasks)
	if err == nil && count(m.Map) != m.keys.Keys {
		err = errors.New("entries lost or invented")
	}
	return err
}

func measurePlain(asked workload.Shape) error {
	m := filled(workload.NewTextSequence(asked))
	e := effortFor(asked)
	if err := m.measure("shape:"+asked.Label, hits, false, e.loads, 1); err != nil {
		return err
	}
	return m.measure("shape_store:"+asked.Label, stores, true, e.stores, 1)
}

func measureYCSB(asked workload.Shape) error {
	m := filled(workload.NewTextSequence(asked))
	ask := hits
	if asked.Updates != 0 {
		ask = mixed
	}
	for n := 1; n <= 2; n++ {
		if err := m.measure("ycsb:"+asked.Label, ask, asked.Updates != 0, effortFor(asked).loads, n); err != nil {
			return err
		}
	}
	return nil
}

func measureEach(shapes []workload.Shape, measure func(workload.Shape) error) {
	for _, asked := range shapes {
		if *smoke {
			asked = smokeSize(asked)
		}
		if err := measure(asked); err != nil {
			fmt.Fprintf(os.Stderr, "shapes: %s: %v\n", asked.Label, err)
			os.Exit(1)
		}
	}
}

func main() {
	flag.Parse()
	measureEach(plainShapes(), measurePlain)
	measureEach(ycsbWorkloads(), measureYCSB)
}

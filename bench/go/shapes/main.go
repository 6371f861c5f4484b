// Command shapes asks Go's own sync.Map about text keys what the programs in bench/shapes ask their maps, with the same
// keys in the same order, and prints one JSON object per answer.
package main

import (
	"bench/workload"
	"flag"
	"fmt"
	"os"
	"sync"
)

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

// A filledMap is a map with the keys of keys.
type filledMap struct {
	workload.Stage
	keys *workload.TextSequence
}

// filled makes a map stored in another order than it is asked in; as in stage.hpp.
func filled(s *workload.TextSequence) *filledMap {
	m := new(sync.Map)
	b := newBuffers(s)
	for index := 0; index < s.Keys; index++ {
		store(m, s.PresentKey(index), b, 0)
	}
	workload.Promote(m)
	return &filledMap{workload.Stage{Map: m, Size: s.Keys, Length: s.Len(), Checksum: s.Checksum}, s}
}

// work gives each task buffers of its own.
func (m *filledMap) work(ask question) workload.Work {
	return func(t workload.Task) func() error {
		b := newBuffers(m.keys)
		return func() error { return workload.WrongAnswers(ask(m.Map, m.keys, t, b)) }
	}
}

func (m *filledMap) measure(label string, ask question, changes bool, operations, n int) error {
	e := effortFor(m.keys.Shape)
	p := workload.Passes{Label: label, Workers: n, Ask: m.work(ask), WarmUp: e.warmUp, Timed: e.passes, Count: operations}
	if changes {
		p.Audit = m.work(audit)
	}
	return m.Measure(p)
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

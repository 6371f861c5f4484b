package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
)

// cell is what one figure is about.
type cell struct {
	Contestant string `json:"contestant"`
	Question   string `json:"question"`
	Size       int    `json:"size"`
	Workers    int    `json:"workers"`
}

type figure struct {
	cell
	Median  float64   `json:"median_ns"`
	Samples []float64 `json:"samples_ns"`
}

type figures struct {
	samples   map[cell][]float64
	sequences map[int]uint64 // by size: the checksum of the keys that were asked for
}

// median returns the median cost of an operation, and false if it was not measured.
func (f *figures) median(c cell) (float64, bool) {
	samples := append([]float64(nil), f.samples[c]...)
	if len(samples) == 0 {
		return 0, false
	}
	sort.Float64s(samples)
	middle := len(samples) / 2
	if len(samples)%2 == 1 {
		return samples[middle], true
	}
	return (samples[middle-1] + samples[middle]) / 2, true
}

// add takes one sample; it refuses one that was measured with other keys, as it cannot be compared.
func (f *figures) add(c cell, nanoseconds float64, sequence uint64) error {
	if known, seen := f.sequences[c.Size]; seen && known != sequence {
		return fmt.Errorf("%s asked for other keys than the rest at size %d", c.Contestant, c.Size)
	}
	f.sequences[c.Size] = sequence
	if strings.HasSuffix(c.Question, readOnly) {
		c.Question = strings.TrimSuffix(c.Question, readOnly)
		c.Contestant += readOnly
	}
	f.samples[c] = append(f.samples[c], nanoseconds)
	return nil
}

// list returns all figures in a stable order.
func (f *figures) list() (all []figure) {
	for c, samples := range f.samples {
		m, _ := f.median(c)
		all = append(all, figure{c, m, samples})
	}
	sort.Slice(all, func(i, j int) bool { return fmt.Sprint(all[i].cell) < fmt.Sprint(all[j].cell) })
	return all
}

// googleBenchmark is the part of Google Benchmark's output that matters here.
type googleBenchmark struct {
	Benchmarks []struct {
		Name     string  `json:"name"`
		NsPerOp  float64 `json:"ns_per_op"`
		Sequence float64 `json:"sequence"`
		Failed   bool    `json:"error_occurred"`
		Message  string  `json:"error_message"`
	} `json:"benchmarks"`
}

// readGoogle takes benchmarks named question/contestant/size/workers/…
func (f *figures) readGoogle(text []byte) error {
	var run googleBenchmark
	if err := json.Unmarshal(text, &run); err != nil {
		return err
	}
	for _, b := range run.Benchmarks {
		if b.Failed {
			return fmt.Errorf("%s: %s", b.Name, b.Message)
		}
		parts := strings.Split(b.Name, "/")
		if len(parts) < 4 {
			return fmt.Errorf("a benchmark with a strange name: %s", b.Name)
		}
		size, sizeError := strconv.Atoi(parts[2])
		workers, workersError := strconv.Atoi(parts[3])
		if sizeError != nil || workersError != nil {
			return fmt.Errorf("a benchmark with a strange name: %s", b.Name)
		}
		if err := f.add(cell{parts[1], parts[0], size, workers}, b.NsPerOp, uint64(b.Sequence)); err != nil {
			return err
		}
	}
	return nil
}

// readLines takes the one object per line that syncmap prints.
func (f *figures) readLines(text []byte) error {
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var sample struct {
			cell
			NsPerOp  float64 `json:"ns_per_op"`
			Sequence uint64  `json:"sequence"`
		}
		if err := json.Unmarshal(line, &sample); err != nil {
			return err
		}
		if err := f.add(sample.cell, sample.NsPerOp, sample.Sequence); err != nil {
			return err
		}
	}
	return nil
}

func readAll(names []string) (*figures, error) {
	f := &figures{map[cell][]float64{}, map[int]uint64{}}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		read := f.readGoogle
		if bytes.HasPrefix(text, []byte(`{"contestant"`)) {
			read = f.readLines
		}
		if err := read(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f, nil
}

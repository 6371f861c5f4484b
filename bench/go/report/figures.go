package main

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

const (
	ours     = "twinmap"
	readOnly = "_read_only" // our handle that may not write; a contestant of its own here

	nsPerOp = "ns_per_op"
)

// cell is what a sample is about.
type cell struct {
	Contestant string `json:"contestant"`
	Question   string `json:"question"`
	Size       int    `json:"size"`
	Workers    int    `json:"workers"`
}

// sample is what one program said about a cell in one round.
type sample struct {
	Round    int                `json:"round"`
	Counters map[string]float64 `json:"counters"`
}

type figures struct {
	samples   map[cell][]sample
	sequences map[cell]uint64 // by cell but for the contestant: the checksum of the keys that were asked for
}

func newFigures() *figures {
	return &figures{map[cell][]sample{}, map[cell]uint64{}}
}

// add takes one sample. It refuses one that was measured with other keys than the same question to somebody else, as
// the two cannot be compared; a sequence of 0 says that the keys do not matter.
func (f *figures) add(c cell, s sample, sequence uint64) error {
	if strings.HasSuffix(c.Question, readOnly) {
		c.Question = strings.TrimSuffix(c.Question, readOnly)
		c.Contestant += readOnly
	}
	if sequence != 0 {
		asked := cell{"", c.Question, c.Size, c.Workers}
		if known, seen := f.sequences[asked]; seen && known != sequence {
			return fmt.Errorf("%s asked for other keys than the rest: %s, size %d, %d worker(s)",
				c.Contestant, c.Question, c.Size, c.Workers)
		}
		f.sequences[asked] = sequence
	}
	counters := map[string]float64{}
	for name, value := range s.Counters {
		counters[name] = rounded(value)
	}
	f.samples[c] = append(f.samples[c], sample{s.Round, counters})
	return nil
}

// rounded leaves five digits: more are noise, and what is kept shall be what was judged.
func rounded(value float64) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(value, 'g', 5, 64), 64)
	return short
}

// cells returns those that were measured and that wanted picks, in a stable order.
func (f *figures) cells(wanted func(cell) bool) (some []cell) {
	for c := range f.samples {
		if wanted(c) {
			some = append(some, c)
		}
	}
	sort.Slice(some, func(i, j int) bool {
		a, b := some[i], some[j]
		switch {
		case a.Question != b.Question:
			return before(a.Question, b.Question)
		case a.Size != b.Size:
			return a.Size < b.Size
		case a.Workers != b.Workers:
			return a.Workers < b.Workers
		}
		return a.Contestant < b.Contestant
	})
	return some
}

var pieces = regexp.MustCompile(`[0-9]+|[^0-9]+`)

// before orders names as people do: k8 before k16.
func before(a, b string) bool {
	as, bs := pieces.FindAllString(a, -1), pieces.FindAllString(b, -1)
	for i := 0; i < len(as) && i < len(bs); i++ {
		if as[i] == bs[i] {
			continue
		}
		m, aError := strconv.Atoi(as[i])
		n, bError := strconv.Atoi(bs[i])
		if aError == nil && bError == nil && m != n {
			return m < n
		}
		return as[i] < bs[i]
	}
	return len(as) < len(bs)
}

// measurement is the median over some rounds, and how many there were.
type measurement struct {
	value  float64
	rounds int
}

func median(values []float64) float64 {
	sorted := append([]float64(nil), values...)
	sort.Float64s(sorted)
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func medianOf(byRound map[int]float64) float64 {
	var values []float64
	for _, value := range byRound {
		values = append(values, value)
	}
	return median(values)
}

// byRound returns what counter says about c in each round; the median where a round asked more than once.
func (f *figures) byRound(c cell, counter string) map[int]float64 {
	all := map[int][]float64{}
	for _, s := range f.samples[c] {
		if value, ok := s.Counters[counter]; ok {
			all[s.Round] = append(all[s.Round], value)
		}
	}
	one := map[int]float64{}
	for round, values := range all {
		one[round] = median(values)
	}
	return one
}

// median returns the median of a counter over the rounds, and false if it was not measured.
func (f *figures) median(c cell, counter string) (measurement, bool) {
	rounds := f.byRound(c, counter)
	if len(rounds) == 0 {
		return measurement{}, false
	}
	return measurement{medianOf(rounds), len(rounds)}, true
}

// ratio compares two cells within rounds: the median of the ratios of those rounds that have both, since what slowed a
// round down slowed both. Without such a round it is the ratio of the medians.
func (f *figures) ratio(counter string, own, other cell) (measurement, bool) {
	above, below := f.byRound(own, counter), f.byRound(other, counter)
	if len(above) == 0 || len(below) == 0 {
		return measurement{}, false
	}
	var ratios []float64
	for round, value := range above {
		if divisor, ok := below[round]; ok && divisor > 0 {
			ratios = append(ratios, value/divisor)
		}
	}
	if len(ratios) > 0 {
		return measurement{median(ratios), len(ratios)}, true
	}
	fewer := len(above)
	if len(below) < fewer {
		fewer = len(below)
	}
	divisor := medianOf(below)
	return measurement{medianOf(above) / divisor, fewer}, divisor > 0
}

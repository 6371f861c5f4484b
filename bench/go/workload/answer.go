package workload

import (
	"encoding/json"
	"fmt"
)

// Counters are what an answer says beside the cost of an operation.
type Counters map[string]float64

// An Answer is one line of what a program prints. The report of bench/run knows such lines by how they begin.
type Answer struct {
	Contestant string   `json:"contestant"`
	Question   string   `json:"question"`
	Size       int      `json:"size"`
	Workers    int      `json:"workers"`
	NsPerOp    float64  `json:"ns_per_op"`
	Checksum   uint64   `json:"sequence"` // of the keys, where they have an order
	Counters   Counters `json:"-"`        // fields like the others
}

func (a Answer) line() ([]byte, error) {
	a.Checksum >>= 12 // so that a float64 holds it
	line, err := json.Marshal(a)
	if err != nil || len(a.Counters) == 0 {
		return line, err
	}
	more, err := json.Marshal(a.Counters)
	if err != nil {
		return nil, err
	}
	return append(append(line[:len(line)-1], ','), more[1:]...), nil
}

// Print fails if a figure is no number.
func (a Answer) Print() error {
	line, err := a.line()
	if err != nil {
		return fmt.Errorf("%s: %w", a.Question, err)
	}
	_, err = fmt.Println(string(line))
	return err
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// notCounters are the numbers that Google Benchmark writes beside those that the programs gave it.
var notCounters = map[string]bool{
	"family_index": true, "per_family_instance_index": true, "repetitions": true, "repetition_index": true,
	"threads": true, "iterations": true, "real_time": true, "cpu_time": true,
}

// take moves the sequence out of the numbers of one answer, and the rest into a sample.
func (f *figures) take(c cell, round int, fields map[string]any) error {
	s := sample{round, map[string]float64{}}
	sequence := uint64(0)
	for name, value := range fields {
		number, isNumber := value.(float64)
		switch {
		case !isNumber || notCounters[name] || name == "size" || name == "workers":
		case name == "sequence":
			sequence = uint64(number)
		default:
			s.Counters[name] = number
		}
	}
	if len(s.Counters) == 0 {
		return fmt.Errorf("%s/%s/%d/%d has no figures", c.Question, c.Contestant, c.Size, c.Workers)
	}
	return f.add(c, s, sequence)
}

// readGoogle takes Google Benchmark's output, with benchmarks named question/contestant/size/workers/…
func (f *figures) readGoogle(text []byte, round int) error {
	var run struct {
		Benchmarks []map[string]any `json:"benchmarks"`
	}
	if err := json.Unmarshal(text, &run); err != nil {
		return err
	}
	for _, fields := range run.Benchmarks {
		name, _ := fields["name"].(string)
		if failed, _ := fields["error_occurred"].(bool); failed {
			return fmt.Errorf("%s: %v", name, fields["error_message"])
		}
		parts := strings.Split(name, "/")
		if len(parts) < 4 {
			return fmt.Errorf("a benchmark with a strange name: %q", name)
		}
		size, sizeError := strconv.Atoi(parts[2])
		workers, workersError := strconv.Atoi(parts[3])
		if sizeError != nil || workersError != nil {
			return fmt.Errorf("a benchmark with a strange name: %q", name)
		}
		if err := f.take(cell{parts[1], parts[0], size, workers}, round, fields); err != nil {
			return err
		}
	}
	return nil
}

// readLines takes the one object per line that the Go programs print.
func (f *figures) readLines(text []byte, round int) error {
	for _, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var c cell
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			return err
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		if err := f.take(c, round, fields); err != nil {
			return err
		}
	}
	return nil
}

var roundDirectory = regexp.MustCompile(`^round-([1-9][0-9]*)$`)

// roundOf takes the round out of the name of the directory in which a file lies: round-1, round-2, …
func roundOf(name string) (int, error) {
	found := roundDirectory.FindStringSubmatch(filepath.Base(filepath.Dir(name)))
	if found == nil {
		return 0, errors.New("is not in a directory round-N")
	}
	return strconv.Atoi(found[1])
}

// readAll reads what the programs wrote.
func readAll(names []string) (*figures, error) {
	f := newFigures()
	for _, name := range names {
		if err := f.readFile(name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return f, nil
}

func (f *figures) readFile(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	round, err := roundOf(name)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(text, []byte(`{"contestant"`)) {
		return f.readLines(text, round)
	}
	return f.readGoogle(text, round)
}

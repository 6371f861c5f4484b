package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// kept is what results.json holds: everything that the tables and the pictures are made of.
type kept struct {
	Machine  machine   `json:"machine"`
	Figures  []figure  `json:"figures"`
	Verdicts []verdict `json:"verdicts"`
}

// figure is a cell with all that was measured about it.
type figure struct {
	cell
	Sequence uint64   `json:"sequence,omitempty"`
	Samples  []sample `json:"samples"`
}

func (f *figures) list() (all []figure) {
	for _, c := range f.cells(func(cell) bool { return true }) {
		samples := append([]sample(nil), f.samples[c]...)
		sort.SliceStable(samples, func(i, j int) bool { return samples[i].Round < samples[j].Round })
		all = append(all, figure{c, f.sequences[cell{"", c.Question, c.Size, c.Workers}], samples})
	}
	return all
}

// MarshalJSON writes the round as one more counter: shorter, and easier to read.
func (s sample) MarshalJSON() ([]byte, error) {
	all := map[string]float64{"round": float64(s.Round)}
	for name, value := range s.Counters {
		all[name] = value
	}
	return json.Marshal(all)
}

func (s *sample) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &s.Counters); err != nil {
		return err
	}
	s.Round = int(s.Counters["round"])
	delete(s.Counters, "round")
	return nil
}

// encode writes one figure a line, so that two runs can be compared with diff.
func encode(f *figures, m machine, verdicts []verdict) ([]byte, error) {
	var text bytes.Buffer
	about, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(&text, "{\"machine\": %s,\n\"figures\": [\n", about)
	figures := f.list()
	for i, one := range figures {
		if err := encodeLine(&text, one, i+1 == len(figures)); err != nil {
			return nil, err
		}
	}
	text.WriteString("],\n\"verdicts\": [\n")
	for i, v := range verdicts {
		if err := encodeLine(&text, v, i+1 == len(verdicts)); err != nil {
			return nil, err
		}
	}
	text.WriteString("]}\n")
	return text.Bytes(), nil
}

func encodeLine(text *bytes.Buffer, value any, last bool) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	text.Write(line)
	if !last {
		text.WriteByte(',')
	}
	text.WriteByte('\n')
	return nil
}

// readKept reads a results.json again, to draw and judge it anew.
func readKept(name string) (*figures, machine, error) {
	var all kept
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	f := newFigures()
	for _, one := range all.Figures {
		for _, s := range one.Samples {
			if err == nil {
				err = f.add(one.cell, s, one.Sequence)
			}
		}
	}
	return f, all.Machine, err
}

// keep writes results.json, table.md and the pictures into directory.
func keep(directory string, f *figures, m machine, verdicts []verdict) error {
	if err := os.MkdirAll(directory, 0o755); err != nil {
		return err
	}
	encoded, err := encode(f, m, verdicts)
	if err != nil {
		return err
	}
	// Pictures that an earlier run of this day has drawn are not of this one.
	drawn, err := filepath.Glob(filepath.Join(directory, "*.svg"))
	for _, old := range drawn {
		if err == nil {
			err = os.Remove(old)
		}
	}
	if err != nil {
		return err
	}
	files := map[string][]byte{"results.json": encoded, "table.md": page(f, m, verdicts)}
	for _, p := range pictures(f, m) {
		files[p.file] = p.svg
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page is table.md: where it was measured, the verdicts and every table.
func page(f *figures, m machine, verdicts []verdict) []byte {
	var text bytes.Buffer
	fmt.Fprintf(&text, "# Measured on %s\n\n", m.Date)
	for _, line := range m.lines() {
		fmt.Fprintf(&text, "- %s\n", line)
	}
	text.WriteString("\nMedians over the rounds; a ratio is the median of the rounds' ratios.\n\n")
	verdictTable(verdicts, true).writeMarkdown(&text)
	for _, t := range everyTable(f) {
		t.writeMarkdown(&text)
	}
	return text.Bytes()
}

// lines says all about the machine.
func (m machine) lines() []string {
	var versions, pages []string
	for name, version := range m.Packages {
		versions = append(versions, name+" "+version)
	}
	for kind, setting := range m.HugePages {
		pages = append(pages, kind+" "+setting)
	}
	sort.Strings(versions)
	sort.Strings(pages)
	lines := []string{
		fmt.Sprintf("%s, %d processors, %d MiB of memory, %s", m.CPU, m.Processors, m.MemoryMiB, m.Kernel),
		fmt.Sprintf("maps in %s (%s), huge pages: %s", m.Directory, m.FileSystem, strings.Join(pages, ", ")),
		fmt.Sprintf("%s, `%s`; %s", m.Compiler, m.Flags, m.Go),
		strings.Join(versions, ", "),
		"load before and after: " + m.Load,
	}
	if m.Busy {
		lines = append(lines, "**Other programs were running: these figures are not reliable.**")
	}
	return lines
}

const beginMarker, endMarker = "<!-- bench:begin -->", "<!-- bench:end -->"

// updateReadme replaces what stands between the markers by the verdicts and pictures that are kept in directory.
func updateReadme(name, directory string, f *figures, m machine, verdicts []verdict) error {
	old, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	link, err := filepath.Rel(filepath.Dir(name), directory)
	if err != nil {
		return err
	}
	text, err := between(string(old), section(link, f, m, verdicts))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

func between(text, content string) (string, error) {
	begin, end := strings.Index(text, beginMarker), strings.Index(text, endMarker)
	if begin < 0 || end < begin {
		return "", fmt.Errorf("has no %s followed by %s", beginMarker, endMarker)
	}
	return text[:begin+len(beginMarker)] + "\n" + content + text[end:], nil
}

// section is what a README shows of a run.
func section(link string, f *figures, m machine, verdicts []verdict) string {
	var text bytes.Buffer
	fmt.Fprintf(&text, "Measured on %s: %s, %d processors, %s. All tables, versions and settings: [table.md](%s/table.md).\n\n",
		m.Date, m.CPU, m.Processors, m.Kernel, link)
	for _, p := range pictures(f, m) {
		fmt.Fprintf(&text, "![%s](%s/%s)\n\n", p.title, link, p.file)
	}
	if m.Busy {
		text.WriteString("**Other programs were running: these figures are not reliable.**\n\n")
	}
	summaryTable(verdicts).writeMarkdown(&text)
	return text.String()
}

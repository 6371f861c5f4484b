// Command report reads what the contestants' programs printed and writes the tables of bench/run: nanoseconds per
// operation, ratios, and which of the required ratios are met. It also draws them.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

const usage = `usage: report [options] FILE...        what the programs wrote, in directories round-1, round-2, ...
       report [options] -from FILE    a results.json that was kept
       report -describe FILE -directory DIR -build DIR    writes what machine this is, before measuring
       report -name FILE              prints what to call results of that machine
`

type options struct {
	from, describe, directory, build string
	name                             string
	machine, load                    string
	json, keep, readme               string
	enforce                          bool
}

func takeOptions() (o options) {
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.StringVar(&o.from, "from", "", "read the figures from this `file` that -keep wrote")
	flag.StringVar(&o.describe, "describe", "", "write this machine's description to this `file`, and a heading; nothing else")
	flag.StringVar(&o.directory, "directory", "", "where the maps are; with -describe")
	flag.StringVar(&o.build, "build", "", "where the programs were built; with -describe")
	flag.StringVar(&o.name, "name", "", "print what to call the results of the machine in this `file`; nothing else")
	flag.StringVar(&o.machine, "machine", "", "the `file` that -describe wrote")
	flag.StringVar(&o.load, "load", "", "the load before and after, `a,b`: it tells whether the machine was busy")
	flag.StringVar(&o.json, "json", "", "also write every figure to this `file`")
	flag.StringVar(&o.keep, "keep", "", "also write figures, tables and pictures into this `directory`")
	flag.StringVar(&o.readme, "readme", "", "also show what was kept between the markers of this `file`")
	flag.BoolVar(&o.enforce, "enforce", false, "exit with 3 if a required ratio is missed")
	flag.Parse()
	return o
}

// read returns the figures and the machine they were measured on.
func (o options) read() (f *figures, m machine, err error) {
	if o.from != "" {
		return readKept(o.from)
	}
	if flag.NArg() == 0 {
		return nil, m, errors.New("nothing was measured: no files")
	}
	if f, err = readAll(flag.Args()); err == nil && o.machine != "" {
		m, err = readMachine(o.machine)
		m.finish(o.load)
	}
	return f, m, err
}

// write does what the options want beyond the printed tables.
func (o options) write(f *figures, m machine, verdicts []verdict) error {
	if o.json != "" {
		text, err := encode(f, m, verdicts)
		if err == nil {
			err = os.WriteFile(o.json, text, 0o644)
		}
		if err != nil {
			return err
		}
	}
	if o.keep != "" {
		if err := keep(o.keep, f, m, verdicts); err != nil {
			return err
		}
	}
	if o.readme != "" {
		if o.keep == "" {
			return errors.New("-readme needs -keep: it shows what was kept")
		}
		return updateReadme(o.readme, o.keep, f, m, verdicts)
	}
	return nil
}

func run(o options) (status int, err error) {
	if o.describe != "" {
		m := describeMachine(o.directory, o.build)
		m.writeHeading(os.Stdout)
		return 0, writeMachine(o.describe, m)
	}
	if o.name != "" {
		m, err := readMachine(o.name)
		fmt.Println(m.name())
		return 0, err
	}
	f, m, err := o.read()
	if err != nil {
		return 1, err
	}
	for _, t := range everyTable(f) {
		t.writeText(os.Stdout)
	}
	if m.Busy {
		fmt.Printf("\nOther programs were running (load before and after: %s): the verdicts are NOT RELIABLE. Measure on a quiet machine.\n", m.Load)
	}
	verdicts := judge(f)
	verdictTable(verdicts, false).writeText(os.Stdout)
	if err := o.write(f, m, verdicts); err != nil {
		return 1, err
	}
	if o.enforce && !passes(verdicts) {
		return 3, nil
	}
	return 0, nil
}

func main() {
	status, err := run(takeOptions())
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		status = 1
	}
	os.Exit(status)
}

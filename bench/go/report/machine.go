package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where and with what a run was measured. It is kept with the figures.
type machine struct {
	Date       string            `json:"date"`
	CPU        string            `json:"cpu"`
	Processors int               `json:"processors"`
	MemoryMiB  int               `json:"memory_mib"`
	Kernel     string            `json:"kernel"`
	Directory  string            `json:"directory"`  // where the maps are
	FileSystem string            `json:"filesystem"` // its type and mount options
	HugePages  map[string]string `json:"huge_pages"`
	Compiler   string            `json:"compiler"`
	Flags      string            `json:"flags"`
	Go         string            `json:"go"`
	Packages   map[string]string `json:"packages"` // Debian's versions of what the rivals are
	Load       string            `json:"load,omitempty"`
	// Busy: others were running, so that the verdicts are not reliable.
	Busy bool `json:"busy,omitempty"`
}

// packages are those that the rivals come from.
var packages = []string{"libabsl-dev", "libtbb-dev", "libboost-dev", "liblmdb-dev", "libbenchmark-dev", "libstdc++-12-dev",
	"golang-go", "memcached", "redis-server", "libc6"}

// describeMachine looks at this machine. What it does not tell stays empty.
func describeMachine(directory, build string) machine {
	cache := content(filepath.Join(build, "CMakeCache.txt"))
	m := machine{
		Date:       time.Now().UTC().Format("2006-01-02 15:04 UTC"),
		CPU:        fieldOf(content("/proc/cpuinfo"), "model name\t: "),
		Processors: runtime.NumCPU(),
		Kernel:     output("uname", "-srm"),
		Directory:  directory,
		FileSystem: fileSystemOf(directory, content("/proc/self/mounts")),
		HugePages: map[string]string{
			"private":   chosen(content("/sys/kernel/mm/transparent_hugepage/enabled")),
			"shared":    chosen(content("/sys/kernel/mm/transparent_hugepage/shmem_enabled")),
			"hugetlbfs": strings.TrimSpace(fieldOf(content("/proc/meminfo"), "HugePages_Total:")),
		},
		Compiler: firstLine(output(cacheEntry(cache, "CMAKE_CXX_COMPILER"), "--version")),
		Flags: strings.TrimSpace(cacheEntry(cache, "CMAKE_CXX_FLAGS") + " " +
			cacheEntry(cache, "CMAKE_CXX_FLAGS_"+strings.ToUpper(cacheEntry(cache, "CMAKE_BUILD_TYPE")))),
		Go:       runtime.Version(),
		Packages: map[string]string{},
	}
	fmt.Sscanf(strings.TrimSpace(fieldOf(content("/proc/meminfo"), "MemTotal:")), "%d", &m.MemoryMiB)
	m.MemoryMiB /= 1024
	for _, name := range packages {
		if version := output("dpkg-query", "-W", "-f", "${Version}", name); version != "" {
			m.Packages[name] = version
		}
	}
	return m
}

func content(name string) string {
	text, _ := os.ReadFile(name)
	return string(text)
}

func output(command string, arguments ...string) string {
	text, err := exec.Command(command, arguments...).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func firstLine(text string) string { return strings.SplitN(text, "\n", 2)[0] }

// fieldOf returns what follows prefix in the first line that begins with it.
func fieldOf(text, prefix string) string {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, prefix) {
			return strings.TrimPrefix(line, prefix)
		}
	}
	return ""
}

// cacheEntry takes a value out of CMakeCache.txt.
func cacheEntry(cache, name string) string {
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + `:[A-Z]+=(.*)$`).FindStringSubmatch(cache)
	if found == nil {
		return ""
	}
	return found[1]
}

// chosen returns the word in brackets: "always [madvise] never" says madvise.
func chosen(setting string) string {
	from, to := strings.Index(setting, "["), strings.Index(setting, "]")
	if from < 0 || to < from {
		return ""
	}
	return setting[from+1 : to]
}

// fileSystemOf returns type and options of the innermost mount that holds directory.
func fileSystemOf(directory, mounts string) (found string) {
	longest := -1
	for _, line := range strings.Split(mounts, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 4 || len(fields[1]) < longest {
			continue
		}
		if point := strings.TrimSuffix(fields[1], "/"); directory == point || strings.HasPrefix(directory, point+"/") {
			longest, found = len(fields[1]), fields[2]+" "+fields[3]
		}
	}
	return found
}

func (m machine) writeHeading(w io.Writer) {
	fmt.Fprintf(w, "%s, %d processors, %d MiB, %s\n", m.CPU, m.Processors, m.MemoryMiB, m.Kernel)
	fmt.Fprintf(w, "maps in %s (%s); huge pages: private [%s], shared [%s], hugetlbfs %s\n",
		m.Directory, m.FileSystem, m.HugePages["private"], m.HugePages["shared"], m.HugePages["hugetlbfs"])
}

// caption is what stands below each picture.
func (m machine) caption() []string {
	lines := []string{
		fmt.Sprintf("%s, %d processors, %s, %s", m.CPU, m.Processors, m.Kernel, m.Date),
		fmt.Sprintf("maps in %s; huge pages: private %s, shared %s", m.Directory, m.HugePages["private"],
			m.HugePages["shared"]),
	}
	if m.Busy {
		lines = append(lines, "Other programs were running: not reliable.")
	}
	return lines
}

// finish notes the load that was seen before and after the run.
func (m *machine) finish(load string) {
	m.Load = load
	for _, one := range strings.Split(load, ",") {
		// Two workers are at most a load of 2, and one builds before one measures.
		if value, err := strconv.ParseFloat(one, 64); err == nil && value > 2.5 {
			m.Busy = true
		}
	}
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// name is date, processor and how many of it: what the results are called.
func (m machine) name() string {
	cpu := regexp.MustCompile(`\(R\)|\(TM\)| CPU| Processor| @.*`).ReplaceAllString(m.CPU, "")
	parts := fmt.Sprintf("%s %s %d processors", firstWord(m.Date), cpu, m.Processors)
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(parts), "-"), "-")
}

func firstWord(text string) string { return strings.SplitN(text, " ", 2)[0] }

func readMachine(name string) (m machine, err error) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

func writeMachine(name string, m machine) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o644)
}

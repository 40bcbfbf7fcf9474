package server

import (
	"bufio"
	"bytes"
	"context"
	"math"
	"os"
	"runtime/debug"
	rt "runtime/metrics"
	"strconv"
	"strings"
	"time"

	"isle/internal/metrics"
)

// lookEvery is how often is looked at what environments use.
const lookEvery = 15 * time.Second

// watchUsage notes what each environment uses until the context ends, for the metrics of
// its resource.
func (s *Server) watchUsage(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		s.noteUsage(time.Now())
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// noteUsage looks once. The process and the buffer of messages are all environments'
// together.
func (s *Server) noteUsage(now time.Time) {
	calls, messages := s.runner.Occupancy()
	memory := memoryUsage()
	for _, environment := range s.store.Environments() {
		s.minutes.Use(environment, metrics.Usage{Looks: 1, Memory: memory, Connectors: calls[environment], ConnectorsMessages: messages}, now)
	}
}

// memoryUsage is the memory that the process holds, in percent of what it may have: the
// limit that it was given, else the machine's memory. 0 if that is not known.
func memoryUsage() float64 {
	most := float64(debug.SetMemoryLimit(-1))
	if most == math.MaxInt64 {
		most = machineMemory()
	}
	if most == 0 {
		return 0
	}
	look := []rt.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	rt.Read(look)
	return 100 * float64(look[0].Value.Uint64()-look[1].Value.Uint64()) / most
}

// machineMemory reads how many bytes of memory a Linux machine has; 0 elsewhere.
func machineMemory() float64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			if err != nil {
				return 0
			}
			return kb * 1024
		}
	}
	return 0
}

package script

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"isle/internal/confine"
)

// exitMemory is the code with which a worker ends itself that has too much memory.
const exitMemory = 3

// exitError is the code of a worker whose Work fails. With any other the Go runtime has
// ended a process that cannot go on: what can be recovered from is, and what is left is
// memory that the system refuses, which the runtime meets in many places, and its stack.
const exitError = 1

// maxStack bounds the stack of the worker itself, in bytes: what the interpreter does
// in calls of its own, such as JSON of great depth.
const maxStack = 128 << 20

// Work is the life of a worker process: it locks itself in if it is told to, and serves
// the jobs that come in until there are no more. It bounds the memory of the whole
// process, and ends it if that is exceeded.
func Work(in io.Reader, out io.Writer) error {
	r, w := bufio.NewReader(in), bufio.NewWriter(out)
	head, err := readPart(r, maxAnswer)
	if errors.Is(err, io.EOF) {
		return nil
	}
	var told introduction
	if err == nil {
		err = json.Unmarshal(head, &told)
	}
	if err == nil && told.Confined {
		err = confine.Enter()
	}
	if err != nil {
		return err
	}
	limits := told.Limits.orDefaults()
	if err := bound(limits.Memory); err != nil {
		return err
	}
	for {
		code, err := readPart(r, math.MaxInt64)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		data, err := readPart(r, math.MaxInt64)
		if err != nil {
			return err
		}
		if err := serve(w, job{string(code), string(data)}, limits); err != nil {
			return err
		}
	}
}

// serve runs one job and answers it. If nothing can stop the job, and nobody is there
// any more who would kill the process, it ends itself.
func serve(w *bufio.Writer, j job, l Limits) error {
	last := time.AfterFunc(l.Time+10*grace, func() { os.Exit(exitMemory) })
	defer last.Stop()
	a := evaluate(context.Background(), j, l)
	if a.late {
		taken, _ := used()
		a = l.outOfTimeWith(taken)
	}
	if err := writeAnswer(w, a); err != nil {
		return err
	}
	if taken, _ := used(); taken > keptMemory {
		debug.FreeOSMemory()
	}
	return nil
}

// keptMemory is what a worker may keep between jobs, in bytes.
const keptMemory = 64 << 20

// bound makes the process end when it has more memory than a script may have. The
// collector works harder before that, though not for ever: with what is left when so
// much of it lives it would run again and again, and a script that needs too much memory
// would end for the time that this takes.
func bound(memory int64) error {
	debug.SetMemoryLimit(memory / 8 * 7)
	debug.SetMaxStack(maxStack)
	if err := limitMemory(memory); err != nil {
		return err
	}
	go func() {
		for range time.Tick(5 * time.Millisecond) {
			if taken, live := used(); taken > memory || live > memory/4*3 {
				os.Exit(exitMemory)
			}
		}
	}()
	return nil
}

// used is the memory that the process has from the system, and how much of it was in
// use when the collector last looked, in bytes.
func used() (taken, live int64) {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64()), int64(samples[2].Value.Uint64())
}

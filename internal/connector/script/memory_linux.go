package script

import "golang.org/x/sys/unix"

// limitMemory has the kernel refuse memory far beyond the limit, so that one huge
// allocation does not get it before the worker looks.
func limitMemory(memory int64) error {
	most := uint64(2*memory + 512<<20)
	return unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: most, Max: most})
}

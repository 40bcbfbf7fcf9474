package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// withFolder gives fn an empty folder, which goes with what fn put there.
func withFolder(fn func(dir string) error) error {
	dir, err := os.MkdirTemp("", "isle-bench-")
	if err != nil {
		return err
	}
	return errors.Join(fn(dir), os.RemoveAll(dir))
}

// serve runs a server on a folder for fn, and ends it.
func serve(o options, data string, fn func(*process, *client) error, flags ...string) error {
	p, err := start(o.binary, data, flags...)
	if err != nil {
		return err
	}
	c, err := p.client()
	if err == nil {
		err = fn(p, c)
	}
	return errors.Join(err, p.stop())
}

// withServer runs a server on an empty folder for fn.
func withServer(o options, fn func(*process, *client) error) error {
	return withFolder(func(data string) error { return serve(o, data, fn) })
}

// ready is the line that `isle up --json` prints.
type ready struct {
	Endpoint, Authority, CAFile, TenantID, SubscriptionID, ClientID, ClientSecret, ResourceGroup, Environment, CallbackURL string
}

// process is a server that was started.
type process struct {
	cmd   *exec.Cmd
	data  string
	took  time.Duration
	ready ready
}

// start runs `isle up --json`, with further flags, and waits for its line.
func start(binary, data string, flags ...string) (*process, error) {
	path, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	p := &process{data: data, cmd: exec.Command(path, append([]string{"up", "--json", "--data", data, "--listen", "127.0.0.1:0"}, flags...)...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	p.took = time.Since(begun)
	if err != nil {
		_ = p.cmd.Wait()
		return nil, fmt.Errorf("the server did not become ready: %w", err)
	}
	return p, json.Unmarshal(line, &p.ready)
}

// stop ends the server; a second time does nothing.
func (p *process) stop() error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.cmd.Wait()
}

// memory is the resident set in bytes, as Linux tells it.
func (p *process) memory() (int64, error) { return p.status("VmRSS:") }

// peak is the largest resident set since forgetPeak, in bytes.
func (p *process) peak() (int64, error) { return p.status("VmHWM:") }

func (p *process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
}

func (p *process) status(field string) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("the kernel tells no %s", field)
}

func folderSize(dir string) (size int64) {
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, "-wal") && !strings.HasSuffix(path, "-shm") {
			if info, err := d.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return size
}

// processorTime is how long the server has kept processors busy, to 10 ms.
func (p *process) processorTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// What follows the name in parentheses; utime and stime are fields 14 and 15.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, field := range fields[11:13] {
		n, _ := strconv.ParseInt(field, 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

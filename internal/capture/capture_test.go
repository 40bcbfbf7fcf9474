package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"isle/netpol/packet"
)

// wire is a link whose frames the test sends.
type wire struct {
	frames chan []byte
	closed chan struct{}
	once   sync.Once
}

func newWire() *wire { return &wire{frames: make(chan []byte), closed: make(chan struct{})} }

func (w *wire) Next() (packet.Record, error) {
	select {
	case frame, there := <-w.frames:
		if !there {
			return packet.Record{}, ErrGone
		}
		return packet.Record{At: time.Unix(1_900_000_000, 7), Frame: frame, Length: len(frame) + 1}, nil
	case <-w.closed:
		return packet.Record{}, os.ErrClosed
	}
}

func (*wire) Dropped() int64 { return 3 }

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

// send sends a frame; false if nobody takes it any more.
func (w *wire) send(text string) bool {
	select {
	case w.frames <- []byte(text):
		return true
	case <-w.closed:
		return false
	}
}

// clock is the time, as the test has it.
type clock struct{ now atomic.Int64 }

func (c *clock) time() time.Time { return time.Unix(c.now.Load(), 0) }

// world is a service with links that the test sends over.
type world struct {
	*Service
	t     *testing.T
	clock clock
	wires map[string]*wire
	ended chan Outcome
}

func newWorld(t *testing.T, links ...string) *world {
	w := &world{t: t, wires: map[string]*wire{}, ended: make(chan Outcome, 1)}
	for _, l := range links {
		w.wires[l] = newWire()
	}
	w.Service = New(Config{Folder: filepath.Join(t.TempDir(), "captures"), Clock: w.clock.time, Open: func(l Link, _ *packet.Taking) (Tap, error) {
		if one, ok := w.wires[l.Name]; ok {
			return one, nil
		}
		return nil, errors.New("there is no such link")
	}})
	t.Cleanup(w.Close)
	return w
}

func (w *world) request(change func(*Request)) Request {
	r := Request{ID: "one", File: "x.cap", Bytes: 1 << 20, Files: 1, Length: time.Hour}
	for name := range w.wires {
		r.Links = append(r.Links, Link{Name: name})
	}
	if change != nil {
		change(&r)
	}
	return r
}

func (w *world) begin(change func(*Request)) {
	w.t.Helper()
	if err := w.Begin(w.request(change), func(o Outcome) { w.ended <- o }); err != nil {
		w.t.Fatal(err)
	}
}

// ends waits for the end, which must have a reason.
func (w *world) ends(reason string) Outcome {
	w.t.Helper()
	o := <-w.ended
	if o.Reason != reason {
		w.t.Errorf("it ended with %+v, want %s", o, reason)
	}
	return o
}

// taken waits until so many packets are: what is sent is taken in its own time.
func (w *world) taken(packets int64) {
	for p, _ := w.Progress("one"); p.Packets < packets; p, _ = w.Progress("one") {
		runtime.Gosched()
	}
}

// captured is what was captured, joined by blanks.
func (w *world) captured() string {
	w.t.Helper()
	contents, err := w.Open("one", "x.cap")
	if err != nil {
		w.t.Fatal(err)
	}
	var file bytes.Buffer
	if n, err := contents.WriteTo(&file); err != nil || n != int64(file.Len()) {
		w.t.Fatal(n, err)
	}
	return texts(w.t, &file)
}

func texts(t *testing.T, file io.Reader) string {
	t.Helper()
	r, err := packet.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for {
		one, err := r.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(all, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		if one.Length != len(one.Frame)+1 || one.At.Nanosecond() != 7 {
			t.Errorf("%+v", one)
		}
		all = append(all, string(one.Frame))
	}
}

func TestACaptureEndsWhenItIsStopped(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.begin(nil)
	w.wires["a"].send("first")
	w.taken(1)
	w.wires["b"].send("second")
	w.taken(2)
	if p, under := w.Progress("one"); !under || p.Dropped != 6 {
		t.Errorf("%+v, %v", p, under)
	}
	if got := w.captured(); got != "first second" {
		t.Errorf("before the end %q", got)
	}
	if err := w.Begin(w.request(nil), nil); err == nil {
		t.Error("it is begun twice")
	}
	if !w.Stop("one") || w.Stop("one") || w.Stop("other") {
		t.Error("Stop does not tell whether there was something to stop")
	}
	w.ends(ManuallyStopped)
	if _, under := w.Progress("one"); under || w.wires["a"].send("late") {
		t.Error("it goes on")
	}
	info, err := os.Stat(w.Path("one", "x.cap"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if folder, err := os.Stat(filepath.Dir(w.Path("one", "x.cap"))); err != nil || folder.Mode().Perm() != 0o700 {
		t.Error(folder.Mode(), err)
	}
	if err := w.Remove("one"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Open("one", "x.cap"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("removed, it can be read: %v", err)
	}
}

func TestTheClockEndsACapture(t *testing.T) {
	w := newWorld(t, "a")
	w.begin(func(r *Request) { r.Length = 10 * time.Second })
	w.clock.now.Store(9)
	w.wires["a"].send("in time")
	w.taken(1)
	w.clock.now.Store(10)
	if o := w.ends(TimeExceeded); !o.End.Equal(time.Unix(10, 0)) {
		t.Error(o)
	}
	if got := w.captured(); got != "in time" {
		t.Error(got)
	}
}

func TestAsManyPacketsAsAskedFor(t *testing.T) {
	w := newWorld(t, "a")
	w.begin(func(r *Request) { r.Packets = 2 })
	for i := 0; w.wires["a"].send(fmt.Sprint(i)); i++ {
	}
	if o := w.ends(PacketsExceeded); o.Packets != 2 || o.Dropped != 3 || w.captured() != "0 1" {
		t.Error(o, w.captured())
	}
}

// room is what files with so many frames of one byte need.
func room(frames int64) int64 { return packet.HeaderSize + frames*(packet.RecordSize+1) }

func TestAsManyBytesAsAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		files int
		ring  bool
		send  int
		want  string
		names string
	}{
		"one file":       {1, false, 9, "0 1", "x.cap"},
		"three files":    {3, false, 9, "0 1 2 3 4 5", "x.cap x-2.cap x-3.cap"},
		"a ring":         {2, true, 7, "4 5 6", "x-3.cap x-4.cap"},
		"a ring of one":  {1, true, 5, "4", "x-3.cap"},
		"all have place": {2, true, 4, "0 1 2 3", "x.cap x-2.cap"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "a")
			w.begin(func(r *Request) { r.Bytes, r.Files, r.Ring = room(2), c.files, c.ring })
			for i := range c.send {
				w.wires["a"].send(fmt.Sprint(i))
			}
			if c.ring {
				w.taken(int64(c.send))
				w.Stop("one")
				w.ends(ManuallyStopped)
			} else {
				w.ends(BytesExceeded)
			}
			got := w.captured()
			names, err := written(filepath.Dir(w.Path("one", "x.cap")), "x.cap")
			if err != nil || got != c.want {
				t.Errorf("captured %q, want %q (%v)", got, c.want, err)
			}
			for _, n := range names {
				info, err := os.Stat(w.Path("one", n))
				if err != nil || info.Size() > room(2) || info.Mode().Perm() != 0o600 {
					t.Errorf("%s: %v, %v", n, info, err)
				}
			}
			if strings.Join(names, " ") != c.names {
				t.Errorf("files %v, want %s", names, c.names)
			}
		})
	}
	w := newWorld(t, "a") // what is larger than a file has no place in any
	w.begin(func(r *Request) { r.Bytes, r.Files, r.Ring = room(2), 5, true })
	w.wires["a"].send(strings.Repeat("x", 100))
	w.ends(BytesExceeded)
}

func TestACaptureEndsWithItsLinks(t *testing.T) {
	w := newWorld(t, "a", "b")
	w.begin(nil)
	close(w.wires["a"].frames)
	w.wires["b"].send("still there")
	w.taken(1)
	close(w.wires["b"].frames)
	w.ends(TargetRemoved)
	if got := w.captured(); got != "still there" {
		t.Error(got)
	}
}

func TestACaptureEndsWithTheServer(t *testing.T) {
	w := newWorld(t, "a")
	w.begin(nil)
	w.Close()
	w.ends(AgentStopped)
	if err := w.Begin(w.request(nil), nil); err == nil {
		t.Error("one begins after the end")
	}
}

// What cannot begin leaves nothing.
func TestNothingIsLeftOfWhatCannotBegin(t *testing.T) {
	w := newWorld(t, "a")
	for name, change := range map[string]func(*Request){
		"no link":       func(r *Request) { r.Links = nil },
		"another link":  func(r *Request) { r.Links = append(r.Links, Link{Name: "none"}) },
		"a path":        func(r *Request) { r.File = "../x.cap" },
		"a folder":      func(r *Request) { r.ID = ".." },
		"no bytes":      func(r *Request) { r.Bytes = 0 },
		"no files":      func(r *Request) { r.Files = 0 },
		"no time":       func(r *Request) { r.Length = 0 },
		"a folder's ID": func(r *Request) { r.ID = "a/b" },
	} {
		if err := w.Begin(w.request(change), func(Outcome) { t.Errorf("%s: it has ended", name) }); err == nil {
			t.Errorf("%s: it begins", name)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(filepath.Dir(w.Path("one", "x.cap")))); err == nil && len(left) > 0 {
		t.Error(left)
	}
}

// What the end of a process has cut off is left out, and the rest is read.
func TestFilesOfAProcessThatWasKilled(t *testing.T) {
	w := newWorld(t)
	folder := filepath.Dir(w.Path("one", "x.cap"))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	record := func(text string) []byte {
		r := packet.Record{At: time.Unix(1, 7), Frame: []byte(text), Length: len(text) + 1}
		return r.Append(nil)
	}
	for name, content := range map[string][]byte{
		"x.cap":     slices.Concat(packet.AppendHeader(nil), record("a"), record("b")),
		"x-2.cap":   slices.Concat(packet.AppendHeader(nil), record("c"), record("d")[:10]),
		"x-3.cap":   packet.AppendHeader(nil)[:5],
		"x-10.cap":  slices.Concat(packet.AppendHeader(nil), record("e")),
		"x-02.cap":  record("of others"),
		"other.cap": record("of others"),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.captured(); got != "a b c e" {
		t.Error(got)
	}
}

// Package capture takes packets of links in network namespaces and writes them to files,
// until it is told to stop or a bound is reached.
//
// The files of a capture are pcap (package packet), 0600, in a folder of its own. A record
// is written whole: whatever ends the process, each file can be read up to its last record.
// A capture ends with the process, and nothing of it is remembered but its files: who
// began it keeps what came of it.
package capture

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"time"

	"isle/netpol/packet"
)

// Link is a network interface in a namespace.
type Link struct {
	Namespace string // its path
	Name      string
}

// Request is a capture that is to begin. All bounds are needed but Packets.
type Request struct {
	ID     string // of letters, digits and dashes; names the folder
	File   string // name of the first file
	Links  []Link // one or more
	Taking packet.Taking
	Bytes  int64         // of a file, with its headers
	Files  int           // how many of these
	Ring   bool          // when there are so many, the oldest goes; else the capture ends
	Length time.Duration // of the capture
	// Packets is how many are taken; 0: any number.
	Packets int64
}

// Why a capture has ended. TimeExceeded is the word of network watchers, others are ours.
const (
	TimeExceeded    = "TimeExceeded"
	ManuallyStopped = "ManuallyStopped"
	BytesExceeded   = "TotalBytesExceeded"
	PacketsExceeded = "PacketCountExceeded"
	TargetRemoved   = "TargetRemoved" // no link is there any more
	AgentStopped    = "AgentStopped"  // the process has ended
	FileFailed      = "LocalFileFailed"
	Failed          = "CaptureFailed"
)

// Progress is how far a capture is.
type Progress struct {
	Packets int64 // written
	Bytes   int64 // written, with what a ring has given up
	Dropped int64 // taken by the filter, and lost since nobody was fast enough
}

// Outcome is what came of a capture.
type Outcome struct {
	Progress
	Reason string // one of the constants
	End    time.Time
	Err    error // of FileFailed, Failed; else nil
}

// Config is what a Service needs.
type Config struct {
	Folder string           // has a folder for each capture; made when the first begins
	Clock  func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
	// Open opens a link; nil: the real one, with a socket in its namespace.
	Open func(Link, *packet.Taking) (Tap, error)
}

// Tap gives the frames of a link that are taken.
type Tap interface {
	// Next waits for a frame. ErrGone: the link is not there any more. The frame's bytes are
	// the tap's again with the next call.
	Next() (packet.Record, error)
	// Dropped is how many were lost since it was opened.
	Dropped() int64
	// Close ends a Next that waits.
	Close() error
}

// ErrGone says that a link is not there any more.
var ErrGone = errors.New("the link is not there any more")

// Service has the captures under way. Safe for concurrent use.
type Service struct {
	config Config

	mu      sync.Mutex
	running map[string]*session // by ID; guarded by mu
	closed  bool                // none begins any more; guarded by mu
}

// New makes a service that captures nothing yet.
func New(c Config) *Service {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Open == nil {
		c.Open = openTap
	}
	return &Service{config: c, running: map[string]*session{}}
}

var idForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`)

// folder is where the files of a capture are.
func (s *Service) folder(id string) (string, error) {
	if !idForm.MatchString(id) {
		return "", fmt.Errorf("capture: %q is no ID of a capture", id)
	}
	return filepath.Join(s.config.Folder, id), nil
}

// Path is where the first file of a capture is.
func (s *Service) Path(id, file string) string { return filepath.Join(s.config.Folder, id, file) }

// Begin begins a capture; what an earlier one with the same ID has left is removed. ended
// is told once what came of it, on a goroutine of its own, before Stop, Remove or Close
// return. It is not told if Begin fails.
func (s *Service) Begin(r Request, ended func(Outcome)) error {
	if len(r.Links) == 0 || r.File != filepath.Base(r.File) || r.Bytes <= 0 || r.Files <= 0 || r.Length <= 0 {
		return fmt.Errorf("capture: the request for %s says too little", r.ID)
	}
	folder, err := s.folder(r.ID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errors.New("capture: the server is stopping")
	case s.running[r.ID] != nil:
		return fmt.Errorf("capture: %s is under way", r.ID)
	}
	begun, err := s.begin(r, folder)
	if err != nil {
		return err
	}
	s.running[r.ID] = begun
	go func() {
		outcome := begun.run()
		s.config.Log.Info("a packet capture has ended", "capture", r.ID, "reason", outcome.Reason, "packets", outcome.Packets, "error", outcome.Err)
		ended(outcome)
		s.mu.Lock()
		delete(s.running, r.ID)
		s.mu.Unlock()
		close(begun.ended)
	}()
	return nil
}

func (s *Service) begin(r Request, folder string) (*session, error) {
	if err := os.RemoveAll(folder); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	begun := newSession(r, folder, s.config.Clock)
	err := begun.files.open()
	for i := 0; i < len(r.Links) && err == nil; i++ {
		var tap Tap
		if tap, err = s.config.Open(r.Links[i], &r.Taking); err != nil {
			err = fmt.Errorf("link %s: %w", r.Links[i].Name, err)
			break
		}
		begun.taps = append(begun.taps, tap)
	}
	if err != nil {
		begun.closeTaps()
		return nil, errors.Join(err, begun.files.close(), os.RemoveAll(folder))
	}
	return begun, nil
}

func (s *Service) session(id string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[id]
}

// Stop ends a capture; false if it is not under way.
func (s *Service) Stop(id string) bool {
	one := s.session(id)
	if one == nil {
		return false
	}
	one.end(ManuallyStopped, nil)
	<-one.ended
	return true
}

// Progress tells how far a capture is; false if it is not under way.
func (s *Service) Progress(id string) (Progress, bool) {
	one := s.session(id)
	if one == nil {
		return Progress{}, false
	}
	return one.progress(), true
}

// Remove ends a capture, and removes its files. One that is not there is no error.
func (s *Service) Remove(id string) error {
	folder, err := s.folder(id)
	if err != nil {
		return err
	}
	s.Stop(id)
	return os.RemoveAll(folder)
}

// Open is all that a capture has written as one file, up to now: the frames of its files,
// one after the other. fs.ErrNotExist if there is nothing.
func (s *Service) Open(id, first string) (*Contents, error) {
	folder, err := s.folder(id)
	if err != nil {
		return nil, err
	}
	if one := s.session(id); one != nil {
		one.flush()
	}
	names, err := written(folder, first)
	if err == nil && len(names) == 0 {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	return &Contents{folder: folder, names: names}, nil
}

// Close ends all captures: AgentStopped.
func (s *Service) Close() {
	s.mu.Lock()
	s.closed = true
	all := make([]*session, 0, len(s.running))
	for _, one := range s.running {
		all = append(all, one)
	}
	s.mu.Unlock()
	for _, one := range all {
		one.end(AgentStopped, nil)
	}
	for _, one := range all {
		<-one.ended
	}
}

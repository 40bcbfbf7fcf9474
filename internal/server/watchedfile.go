package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"isle/netpol"
)

// watchEveryFile is how often files are looked at that are read again.
const watchEveryFile = time.Second

// watchedFile is a file that is read again when it is another one, and what it had when it
// was read last.
type watchedFile[T any] struct {
	flag, path string
	decode     func([]byte) (T, error)
	has        T
	size       int64
	changed    time.Time
}

// openWatched reads a file; nil for none. The error has all its problems.
func openWatched[T any](flag, path string, decode func([]byte) (T, error)) (*watchedFile[T], error) {
	if path == "" {
		return nil, nil
	}
	f := &watchedFile[T]{flag: flag, path: path, decode: decode}
	if _, err := f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// read reads the file if it is another one than the last that was read, and tells whether
// it was. What is wrong is told once for each file.
func (f *watchedFile[T]) read() (bool, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		missing := f.size != -1
		if f.size = -1; !missing {
			return false, nil
		}
		return false, fmt.Errorf("%s %s: %w", f.flag, f.path, withoutPath(err))
	}
	if info.Size() == f.size && info.ModTime().Equal(f.changed) {
		return false, nil
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return false, fmt.Errorf("%s %s: %w", f.flag, f.path, withoutPath(err))
	}
	f.size, f.changed = info.Size(), info.ModTime()
	has, err := f.decode(text)
	if err != nil {
		return false, fmt.Errorf("%s %s: %w", f.flag, f.path, err)
	}
	f.has = has
	return true, nil
}

// take gives each change of a file to set, until the context ends. One that cannot be read
// leaves what was in force.
func (s *Server) take(ctx context.Context, what string, read func() (bool, error), set func()) {
	tick := time.NewTicker(watchEveryFile)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch changed, err := read(); {
		case err != nil:
			s.log.Error(what+" cannot be read; what was before stays in force", "error", err)
		case changed:
			set()
		}
	}
}

// readThreats reads the list of threats. The error has all its problems.
func (c *Config) readThreats() (err error) {
	c.threats, err = openWatched("--threat-list", c.ThreatList, func(text []byte) (netpol.Threats, error) { return netpol.DecodeThreats(string(text)) })
	return err
}

// watchThreats takes up changes of the list.
func (s *Server) watchThreats(ctx context.Context) {
	list := s.config.threats
	if list == nil {
		return
	}
	s.take(ctx, "the list of threats", list.read, func() {
		s.policies.SetThreats(list.has)
		s.log.Info("the list of threats has changed", "addresses", len(list.has.Prefixes), "names", len(list.has.Names))
	})
}

// readServiceTags reads the file of service tags. The error has all its problems.
func (c *Config) readServiceTags() (err error) {
	c.tags, err = openWatched("--service-tags", c.ServiceTags, func(text []byte) (netpol.TagFile, error) {
		tags, err := netpol.DecodeTags(text)
		if err != nil {
			err = fmt.Errorf("give the JSON of the public download of service tags, or of the serviceTags API: %w", err)
		}
		return tags, err
	})
	return err
}

// watchTags takes up changes of the file of service tags: the public one changes weekly.
func (s *Server) watchTags(ctx context.Context) {
	file := s.config.tags
	if file == nil {
		return
	}
	s.take(ctx, "the file of service tags", file.read, func() {
		s.policies.SetTags(file.has)
		s.log.Info("the service tags have changed", "changeNumber", file.has.ChangeNumber, "tags", len(file.has.Tags))
	})
}

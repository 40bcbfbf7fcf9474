package server

import (
	"context"
	"fmt"
	"os"
	"time"

	"isle/netpol"
)

// threatsEvery is how often the list of threats is looked at.
const threatsEvery = time.Second

// threatList is the list of threats, and the file that it is from as it was read.
type threatList struct {
	path    string
	has     netpol.Threats
	size    int64
	changed time.Time
}

// readThreats reads the list of threats. The error has all its problems.
func (c *Config) readThreats() error {
	if c.ThreatList == "" {
		return nil
	}
	list := &threatList{path: c.ThreatList}
	if _, err := list.read(); err != nil {
		return err
	}
	c.threats = list
	return nil
}

// read reads the file if it is another one than the last that was read, and tells whether
// it was. What is wrong is told once for each file.
func (l *threatList) read() (bool, error) {
	info, err := os.Stat(l.path)
	if err != nil {
		missing := l.size != -1
		if l.size = -1; !missing {
			return false, nil
		}
		return false, fmt.Errorf("--threat-list: %w", err)
	}
	if info.Size() == l.size && info.ModTime().Equal(l.changed) {
		return false, nil
	}
	text, err := os.ReadFile(l.path)
	if err != nil {
		return false, fmt.Errorf("--threat-list: %w", err)
	}
	l.size, l.changed = info.Size(), info.ModTime()
	has, err := netpol.DecodeThreats(string(text))
	if err != nil {
		return false, fmt.Errorf("--threat-list %s: %w", l.path, err)
	}
	l.has = has
	return true, nil
}

// watchThreats takes up changes of the list. One that cannot be read leaves what was.
func (s *Server) watchThreats(ctx context.Context) {
	list := s.config.threats
	if list == nil {
		return
	}
	tick := time.NewTicker(threatsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch changed, err := list.read(); {
		case err != nil:
			s.log.Error("the list of threats cannot be read; the one before stays in force", "error", err)
		case changed:
			s.policies.SetThreats(list.has)
			s.log.Info("the list of threats has changed", "addresses", len(list.has.Prefixes), "names", len(list.has.Names))
		}
	}
}

package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// use gives what the file has to set, if there is a file.
func (f *watchedFile[T]) use(set func(T)) {
	if f != nil {
		set(f.has)
	}
}

// watch gives each change of the file to set, until the context ends, and logs it. One that
// cannot be read leaves what was in force.
func (f *watchedFile[T]) watch(log *slog.Logger, what string, set func(T), tells func(T) []any) func(context.Context) {
	return func(ctx context.Context) {
		if f == nil {
			return
		}
		tick := time.NewTicker(watchEveryFile)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			switch changed, err := f.read(); {
			case err != nil:
				log.Error(what+" cannot be read; what was before stays in force", "error", err)
			case changed:
				set(f.has)
				log.Info(what+" has changed", tells(f.has)...)
			}
		}
	}
}

// readFiles reads the files that say what rules name. The errors have all their problems.
func (c *Config) readFiles() error {
	var failed [3]error
	c.threats, failed[0] = openWatched("--threat-list", c.ThreatList, func(text []byte) (netpol.Threats, error) { return netpol.DecodeThreats(string(text)) })
	c.tags, failed[1] = openWatched("--service-tags", c.ServiceTags, func(text []byte) (netpol.TagFile, error) {
		tags, err := netpol.DecodeTags(text)
		if err != nil {
			err = fmt.Errorf("give the JSON of the public download of service tags, or of the serviceTags API: %w", err)
		}
		return tags, err
	})
	c.nameTags, failed[2] = openWatched("--fqdn-tags", c.FQDNTags, func(text []byte) ([]netpol.NameTag, error) { return netpol.DecodeNameTags(string(text)) })
	return errors.Join(failed[:]...)
}

// watches take up changes of those files.
func (c *Config) watches(s *Server) []func(context.Context) {
	return []func(context.Context){
		c.threats.watch(s.log, "the list of threats", s.policies.SetThreats, func(t netpol.Threats) []any {
			return []any{"addresses", len(t.Prefixes), "names", len(t.Names)}
		}),
		c.tags.watch(s.log, "the file of service tags", s.policies.SetTags, func(f netpol.TagFile) []any {
			return []any{"changeNumber", f.ChangeNumber, "tags", len(f.Tags)}
		}),
		c.nameTags.watch(s.log, "the file of FQDN tags", s.policies.SetNameTags, func(t []netpol.NameTag) []any { return []any{"tags", len(t)} }),
	}
}

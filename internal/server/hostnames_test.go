package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"isle/internal/dataplane"
	"isle/netpol"
)

// TestFilesOfFQDNTagsAreReadAgain: the tags that rules may name are those of the file as it
// is now; one that cannot be read leaves what was in force, and one that is wrong at the
// start keeps the server from starting.
func TestFilesOfFQDNTagsAreReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tags.txt")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1_700_000_000, 0)
	write("Backup\n", now)
	if err := (&Config{FQDNTags: file}).readFiles(); err == nil || !strings.Contains(err.Error(), "--fqdn-tags") || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a tag without names: %v", err)
	}
	write("Backup *.backup.example\n", now.Add(time.Second))
	c := &Config{FQDNTags: file}
	if err := c.readFiles(); err != nil {
		t.Fatal(err)
	}
	var set []netpol.NameTag
	c.nameTags.use(func(tags []netpol.NameTag) { set = tags })
	if len(set) != 1 || set[0].Name != "Backup" {
		t.Errorf("%v", set)
	}
	write("Backup 10.0.0.1\n", now.Add(2*time.Second))
	if changed, err := c.nameTags.read(); changed || err == nil || len(c.nameTags.has) != 1 {
		t.Errorf("a file that is wrong: %t, %v, %v", changed, err, c.nameTags.has)
	}
	write("Backup a.example\nUpdate b.example\n", now.Add(3*time.Second))
	if changed, err := c.nameTags.read(); !changed || err != nil || len(c.nameTags.has) != 2 {
		t.Errorf("another file: %t, %v, %v", changed, err, c.nameTags.has)
	}
	var none *watchedFile[int]
	none.use(func(int) { t.Error("no file is used") })
	none.watch(nil, "", nil, nil)(context.Background())
}

// TestNamesThatAreNotFoundAreToldOnce, and that they are found again.
func TestNamesThatAreNotFoundAreToldOnce(t *testing.T) {
	log, said := logged()
	s := &Server{log: log}
	host := dataplane.HostOf("/fw", "db.example.com")
	for _, err := range []error{os.ErrNotExist, os.ErrNotExist, nil, nil, os.ErrPermission} {
		s.tellHost(host, err)
	}
	if n := strings.Count(said.String(), "is not found"); n != 2 || strings.Count(said.String(), "found again") != 1 {
		t.Errorf("%s", said)
	}
	list := []netpol.FirewallNames{{Firewall: "/FW", Names: []string{"db.example.com"}}}
	if s.forgetFailing(list); len(s.looked.failing) != 1 {
		t.Errorf("%v is forgotten although a rule has it", host)
	}
	if s.forgetFailing(nil); len(s.looked.failing) != 0 {
		t.Errorf("%v is known although no rule has it", s.looked.failing)
	}
	s.looked.Want(list)
	if !s.looked.Learn(host, []netip.Addr{netip.MustParseAddr("10.0.0.4")}, time.Now()) {
		t.Error("nothing is learned")
	}
}

// TestSilentServersOfAFirewallKeepNoOtherWaiting, however many names it has.
func TestSilentServersOfAFirewallKeepNoOtherWaiting(t *testing.T) {
	var due []dataplane.Host
	for i := range 3 * hostsUnder {
		due = append(due, dataplane.HostOf("/a", fmt.Sprintf("n%d.example.com", i)))
	}
	due = append(due, dataplane.HostOf("/b", "db.example.com"))
	ctx, cancel := context.WithCancel(t.Context())
	found := make(chan dataplane.Host, len(due))
	var lookups hostLookups
	lookups.begin(ctx, due, func(ctx context.Context, host dataplane.Host) {
		if host.Firewall == "/a" {
			<-ctx.Done()
			return
		}
		found <- host
	})
	if host := <-found; host.Firewall != "/b" {
		t.Errorf("%v is found", host)
	}
	cancel()
	lookups.all.Wait()
}

func logged() (*slog.Logger, *strings.Builder) {
	var said strings.Builder
	return slog.New(slog.NewTextHandler(&said, nil)), &said
}

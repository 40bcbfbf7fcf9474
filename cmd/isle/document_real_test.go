//go:build real && linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"isle/internal/kernel"
	"isle/internal/netns"
	"isle/isletest"
)

// TestRealAccessDocument goes through "Set up access to Azure virtual networks for
// integration service environments" from its beginning to its end, as an operator would
// type it, on the binary, whose networks the kernel holds. The scripts have commands of
// their own:
//
//	fill FILE                 writes the name of the link to the Internet for UPLINK
//	serve                     starts the server, and waits until it is ready
//	run WORKFLOW URI          has a workflow call a URI, and prints what became of it
//	visit FROM WORKFLOW       calls a workflow from the host or from the machine
//	contents FROM WORKFLOW    reads the contents of the workflow's last run from there
//	visitors                  prints who has called a port of the Internet since it was asked last
func TestRealAccessDocument(t *testing.T) {
	if err := kernel.Unavailable(kernel.Probe(t.Context())); err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	w := newWorkspace(t)
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/document",
		UpdateScripts: *rewrite,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("PATH", filepath.Join(w.dir, "bin")+string(os.PathListSeparator)+e.Getenv("PATH"))
			p := &premises{t: t, binary: filepath.Join(w.dir, "bin", "isle"), dir: e.WorkDir}
			e.Values[premisesKey{}] = p
			return p.make(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"fill":     func(ts *testscript.TestScript, _ bool, args []string) { premisesOf(ts).fill(ts, args[0]) },
			"serve":    func(ts *testscript.TestScript, _ bool, _ []string) { premisesOf(ts).serve(ts) },
			"run":      func(ts *testscript.TestScript, _ bool, args []string) { premisesOf(ts).run(ts, args[0], args[1]) },
			"visit":    func(ts *testscript.TestScript, _ bool, args []string) { premisesOf(ts).visit(ts, args[0], args[1]) },
			"contents": func(ts *testscript.TestScript, _ bool, args []string) { premisesOf(ts).contents(ts, args[0], args[1]) },
			"visitors": func(ts *testscript.TestScript, _ bool, _ []string) { premisesOf(ts).tellVisitors(ts) },
		},
	})
}

// premises is the world around a server: the Internet, a namespace that a link of the
// host leads to, with a web server at port 80 and a system at port 22 that lets in
// whom the script says; and a machine that is to be one of the virtual network.
type premises struct {
	t           *testing.T
	binary, dir string
	internet    string // namespaces
	machine     string
	link        string           // to the Internet
	client      *isletest.Server // once it serves

	mu       sync.Mutex
	visitors []string // of the Internet's ports; guarded by mu
}

type premisesKey struct{}

func premisesOf(ts *testscript.TestScript) *premises { return ts.Value(premisesKey{}).(*premises) }

// make makes the namespaces, and takes down with the script what is not its own.
func (p *premises) make(e *testscript.Env) error {
	unique := fmt.Sprintf("%x", time.Now().UnixNano()&0xffffffff)
	p.internet, p.machine, p.link = "internet"+unique, "machine"+unique, "wan"+unique
	e.Setenv("MACHINE", p.machine)
	e.Defer(func() {
		_ = exec.Command("ip", "link", "del", p.link).Run() // some may not be there
		_ = exec.Command("ip", "netns", "del", p.internet).Run()
		_ = exec.Command("ip", "netns", "del", p.machine).Run()
	})
	for _, line := range []string{
		"netns add " + p.internet, "netns add " + p.machine,
		"link add " + p.link + " type veth peer name eth0 netns " + p.internet,
		"link set " + p.link + " up",
		"-n " + p.internet + " addr add 192.0.2.1/24 dev eth0",
		"-n " + p.internet + " link set eth0 up",
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", line, err, out)
		}
	}
	if err := p.listen(e, 80, func(string) bool { return true }); err != nil {
		return err
	}
	return p.listen(e, 22, p.letsIn)
}

// letsIn is what the file "allowed" says, which names who may call port 22; without it
// all may.
func (p *premises) letsIn(from string) bool {
	allowed, err := os.ReadFile(filepath.Join(p.dir, "allowed"))
	return err != nil || strings.TrimSpace(string(allowed)) == from
}

// listen serves a port of the Internet, and notes who calls.
func (p *premises) listen(e *testscript.Env, port uint16, letsIn func(from string) bool) error {
	l, err := netns.At("/run/netns/"+p.internet).Listen(context.Background(), "tcp", netip.AddrPortFrom(netip.IPv4Unspecified(), port))
	if err != nil {
		return err
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from, _, _ := net.SplitHostPort(r.RemoteAddr)
		p.mu.Lock()
		p.visitors = append(p.visitors, fmt.Sprintf("port %d: %s", port, from))
		p.mu.Unlock()
		if !letsIn(from) {
			w.WriteHeader(http.StatusForbidden)
		}
	})}
	go func() { _ = s.Serve(l) }()
	e.Defer(func() { _ = s.Close() })
	return nil
}

func (p *premises) fill(ts *testscript.TestScript, name string) {
	file := ts.MkAbs(name)
	text, err := os.ReadFile(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "UPLINK", p.link)), 0o600))
}

func (p *premises) serve(ts *testscript.TestScript) {
	data := filepath.Join(p.dir, ".isle")
	cmd := exec.Command(p.binary, "serve", "--dataplane", "kernel", "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "HOME="+p.dir)
	out := newPrinted()
	cmd.Stdout, cmd.Stderr = out, out
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
		out.end()
	}()
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		<-ended
		down := exec.Command(p.binary, "network", "down", "--data", data)
		if said, err := down.CombinedOutput(); err != nil {
			p.t.Errorf("network down: %v: %s", err, said)
		}
	})
	if said, ok := out.wait("Isle serves"); !ok {
		ts.Fatalf("it does not serve: %s", said)
	}
	p.client = isletest.Connect(p.t, data)
}

func (p *premises) group() string {
	return "/subscriptions/" + p.client.SubscriptionID + "/resourceGroups/net/providers/Microsoft.Logic/workflows/"
}

// run runs a workflow by the resource manager, whoever may call its trigger.
func (p *premises) run(ts *testscript.TestScript, workflow, uri string) {
	id := p.group() + workflow
	started := p.client.Do(http.MethodPost, id+"/triggers/manual/run", map[string]string{"uri": uri})
	if started.Status >= 300 {
		ts.Fatalf("run: %d %s", started.Status, started.Body)
	}
	name := p.lastRun(id)
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) { // the client's side of polling
		a := p.client.Do(http.MethodGet, id+"/runs/"+name+"/actions/Call", nil)
		switch {
		case time.Since(began) > patience:
			ts.Fatalf("the call does not end: %s", a.Body)
		case a.Text("properties", "endTime") == "":
			continue
		}
		fmt.Fprintln(ts.Stdout(), a.Text("properties", "status"), a.Text("properties", "code"), a.Text("properties", "error", "message"))
		return
	}
}

func (p *premises) lastRun(workflow string) string {
	return p.client.Do(http.MethodGet, workflow+"/runs?$top=1", nil).Text("value", 0, "name")
}

// from is a client on the host, or on the machine, whose calls go where the endpoint of
// the workflow's environment is in the network.
func (p *premises) from(ts *testscript.TestScript, where, workflow string) *http.Client {
	config := p.client.HTTP().Transport.(*http.Transport).TLSClientConfig.Clone()
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	switch where {
	case "host":
	case "machine":
		at := netip.MustParseAddrPort(map[string]string{"from-external": "10.0.0.4:443", "from-internal": "10.0.1.4:443"}[workflow])
		transport.TLSClientConfig = &tls.Config{RootCAs: config.RootCAs, MinVersion: tls.VersionTLS12}
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return netns.At("/run/netns/"+p.machine).Dial(ctx, net.Dialer{Timeout: unanswered}, network, at)
		}
	default:
		ts.Fatalf("%q is neither host nor machine", where)
	}
	return &http.Client{Transport: transport, Timeout: patience}
}

// unanswered is how long a caller waits whose packets are dropped.
const unanswered = 2 * time.Second

func (p *premises) visit(ts *testscript.TestScript, where, workflow string) {
	callback := p.client.Do(http.MethodPost, p.group()+workflow+"/triggers/manual/listCallbackUrl", nil).Text("value")
	p.tell(ts, where, workflow, http.MethodPost, callback)
}

func (p *premises) contents(ts *testscript.TestScript, where, workflow string) {
	id := p.group() + workflow
	link := p.client.Do(http.MethodGet, id+"/runs/"+p.lastRun(id), nil).Text("properties", "trigger", "outputsLink", "uri")
	p.tell(ts, where, workflow, http.MethodGet, link)
}

// tell sends a request and prints what comes back.
func (p *premises) tell(ts *testscript.TestScript, where, workflow, method, target string) {
	request, err := http.NewRequest(method, target, strings.NewReader(`{"uri":"http://192.0.2.1/"}`))
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	answer, err := p.from(ts, where, workflow).Do(request)
	if err != nil {
		fmt.Fprintln(ts.Stdout(), "no answer")
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%d %s\n", answer.StatusCode, body)
}

func (p *premises) tellVisitors(ts *testscript.TestScript) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.visitors) == 0 {
		p.visitors = []string{"nobody"}
	}
	fmt.Fprintln(ts.Stdout(), strings.Join(p.visitors, "\n"))
	p.visitors = nil
}

package isle_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers lists every package, lowest first, and what of this module it may
// import: itself, and anything that stands in an earlier row. Packages of one row
// are siblings and do not know each other; where one needs another, the user
// declares a small interface and internal/server passes the other in.
var layers = [][]string{
	{"expr", "examples", "examples/network/listener", "netpol"},
	{"wdl/schema", "netpol/layout", "netpol/flowlog", "netpol/packet"},
	{"wdl"},
	{"engine", "internal/project"},
	{"internal/store", "internal/netns", "internal/confine"},
	{"internal/kernel"},
	{"internal/task", "internal/dataplane", "internal/backup", "internal/capture"},
	{"internal/connector", "internal/fetch"},
	{"internal/connector/http", "internal/connector/connection", "internal/connector/workflow", "internal/connector/script"},
	{"internal/connector/builtin", "internal/trigger"},
	{"internal/runner", "internal/arm", "internal/local"},
	{"internal/identity", "internal/access", "internal/testfile", "internal/metrics", "internal/tracing", "internal/search", "internal/traffic", "internal/flowlog"},
	{"internal/network", "internal/logic", "internal/account", "internal/autoscale", "internal/web", "internal/deploy"},
	{"internal/gateway", "internal/portal", "internal/forecast"},
	{"internal/server"},
	{"isletest"},
	{"cmd/isle", "internal/bench", "internal/bench/language", "internal/portal/language", "internal/portal/typescript"},
}

// testOnly are packages that tests import across the layers.
var testOnly = []string{"internal/arm/armtest", "internal/processtest", "internal/store/storetest", "netpol/modeltext", "netpol/layout/layouttest", "netpol/flowlog/flowlogtest"}

// pure packages know no clock, no randomness, no I/O and no goroutine: what they
// need comes in as a value, what they want done goes out as one.
var pure = []string{"expr", "netpol", "netpol/layout", "netpol/flowlog", "netpol/packet", "wdl", "wdl/schema", "engine"}

// impure names what a pure package must not touch: whole packages, or single
// names of a package that is otherwise data.
var impure = map[string][]string{
	"os": nil, "os/exec": nil, "io/fs": nil, "io/ioutil": nil, "net": nil, "net/http": nil, "syscall": nil,
	"context": nil, "log": nil, "log/slog": nil, "math/rand": nil, "math/rand/v2": nil, "crypto/rand": nil,
	"database/sql": nil, "runtime": nil, "unsafe": nil,
	"time": {"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "LoadLocation", "Local"},
	"sync": {"Mutex", "RWMutex", "WaitGroup", "Cond", "Map"},
}

// dialers are the ways to reach a network past internal/dataplane.
var dialers = map[string][]string{
	"net":                    {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialUnix", "DialIP", "Listen", "ListenTCP", "ListenPacket", "ListenUDP", "ListenUnix", "ListenIP", "ListenMulticastUDP", "Dialer", "ListenConfig", "LookupHost", "LookupIP", "LookupAddr", "LookupCNAME", "LookupMX", "LookupNS", "LookupSRV", "LookupTXT", "DefaultResolver", "Resolver", "ResolveTCPAddr", "ResolveUDPAddr", "ResolveIPAddr"},
	"net/http":               {"DefaultClient", "DefaultTransport", "Get", "Post", "PostForm", "Head", "Transport", "Client", "ListenAndServe", "ListenAndServeTLS"},
	"crypto/tls":             {"Dial", "DialWithDialer", "Dialer", "Listen"},
	"github.com/miekg/dns":   {"Client", "Dial", "DialTimeout", "DialWithTLS", "DialTimeoutWithTLS", "Exchange", "ExchangeConn", "ExchangeContext", "ListenAndServe", "ListenAndServeTLS", "Server"},
	"golang.org/x/net/proxy": {"Dial", "Direct", "FromEnvironment", "FromURL", "SOCKS5"},
}

// mayDial are the places that open sockets of their own, each with its reason.
var mayDial = map[string]string{
	"internal/dataplane":        "makes the policy true: the one place where operations get their sockets",
	"internal/server":           "opens the server's own listener",
	"internal/netns":            "opens sockets inside network namespaces, for the data plane in the kernel",
	"isletest":                  "gives a test a client for its server",
	"cmd/isle":                  "Isle's own commands call Isle's own API",
	"internal/bench":            "measures a server from outside",
	"examples/network/listener": "is the local server that the example's workflows call",
}

// mayClient are the places that may build an http.Client or http.Transport, on a
// dialer of the data plane.
var mayClient = map[string]string{
	"internal/connector/http": "sends an action's request through the data plane's dialer",
	"internal/tracing":        "sends spans to the collector that the server is told of, through the data plane's dialer",
	"internal/fetch":          "follows links that the server itself is given, through the data plane's dialer",
}

type file struct {
	pkg  string // directory within the module, "." for the root
	path string
	ast  *ast.File
	test bool
}

// parse reads every Go file of the module.
func parse(t *testing.T) []file {
	t.Helper()
	var files []file
	set := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "bin") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file{pkg: path.Dir(filepath.ToSlash(p)), path: p, ast: tree, test: strings.HasSuffix(p, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func imports(f file) map[string]string {
	names := map[string]string{}
	for _, spec := range f.ast.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		name := path.Base(p)
		if name == "v2" {
			name = path.Base(path.Dir(p))
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = p
	}
	return names
}

func row(pkg string) int {
	return slices.IndexFunc(layers, func(row []string) bool { return slices.Contains(row, pkg) })
}

func TestImportsRunDownward(t *testing.T) {
	for _, f := range parse(t) {
		if f.pkg == "." || f.test || slices.Contains(testOnly, f.pkg) {
			continue
		}
		at := row(f.pkg)
		if at < 0 {
			t.Errorf("%s: package %s has no place in layers: give it one", f.path, f.pkg)
			continue
		}
		for _, p := range imports(f) {
			target, ours := strings.CutPrefix(p, "isle/")
			if ours && target != f.pkg && row(target) >= at {
				t.Errorf("%s: %s may not import %s: it does not stand below it", f.path, f.pkg, target)
			}
		}
	}
}

func TestPurePackagesTouchNothing(t *testing.T) {
	for _, f := range parse(t) {
		if f.test || !slices.Contains(pure, f.pkg) {
			continue
		}
		names := imports(f)
		for _, p := range names {
			if only, listed := impure[p]; listed && only == nil {
				t.Errorf("%s: a pure package may not import %q", f.path, p)
			}
		}
		for _, use := range uses(f, names, impure) {
			t.Errorf("%s: a pure package may not use %s", f.path, use)
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if _, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s: a pure package starts no goroutine", f.path)
			}
			return true
		})
	}
}

func TestOnlyTheDataPlaneDials(t *testing.T) {
	for _, f := range parse(t) {
		if f.test || mayDial[f.pkg] != "" {
			continue
		}
		for _, use := range uses(f, imports(f), dialers) {
			if mayClient[f.pkg] != "" && (use == "net/http.Client" || use == "net/http.Transport") {
				continue
			}
			t.Errorf("%s: %s reaches the network past internal/dataplane", f.path, use)
		}
	}
}

func TestNoInitAndNoGlobalRegistry(t *testing.T) {
	for _, f := range parse(t) {
		for _, d := range f.ast.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s: no init functions: registries are values built by a function", f.path)
			}
		}
	}
}

// uses lists the selected names of imported packages that stand in the table.
func uses(f file, names map[string]string, table map[string][]string) []string {
	var found []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		p := names[x.Name]
		if p != "" && slices.Contains(table[p], sel.Sel.Name) {
			found = append(found, p+"."+sel.Sel.Name)
		}
		return true
	})
	return found
}

package server

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"isle/internal/connector/connection"
	connectorhttp "isle/internal/connector/http"
	"isle/internal/identity"
	"isle/internal/tracing"
	"isle/internal/traffic"
	"isle/netpol"
)

// Defaults of a server. The port is fixed, so that URLs can be written down.
const (
	DefaultListen = "127.0.0.1:7443"

	// DefaultFlowLogSize and DefaultFlowLogFiles bound what flow logs take up.
	DefaultFlowLogSize  = "100MB"
	DefaultFlowLogFiles = 5
	mostFlowLogFiles    = 1000

	// The response limits of wdl-semantics §17: 120 s outside an environment, 240 s in
	// one.
	defaultResponseLimit            = 120 * time.Second
	defaultEnvironmentResponseLimit = 240 * time.Second
)

// Where inline code may run.
const (
	InlineCodeProcess   = "process"
	InlineCodeInProcess = "inprocess"
	InlineCodeOff       = "off"
)

// Who enforces the network policy.
const (
	DataPlaneInproc = "inproc" // this process
	DataPlaneKernel = "kernel" // the kernel of this machine, behind this process
	DataPlaneAuto   = "auto"   // the kernel if it can, else this process
)

// Config is all that can be set of a server. The zero value with a data folder is a
// server on the default address.
type Config struct {
	Data      string // folder of the databases, keys and certificates; made when it is not there
	Listen    string // host:port; port 0 picks one and keeps it in the data folder
	PublicURL string // base of absolute URLs, when clients reach the server by another name
	KeyFile   string // root key, when it shall not lie in the data folder

	TLSCert, TLSKey string // PEM files of an own certificate; both or none

	// SubnetRelease is how long the subnets of a deleted environment stay taken; 0: they
	// are free at once.
	SubnetRelease time.Duration
	ServiceTags   string // file of service tags, as the network policy knows them, read again when it changes; "": none have addresses
	FQDNTags      string // file of FQDN tags and their names, read again when it changes; "": those whose names are public
	ThreatList    string // file of addresses and names that firewalls know as threats, read again when it changes; "": none
	FlowLog       string // file that gets the decisions of the network policy as JSON lines; "-": standard error, "": none
	// FlowLogSize is how large that file becomes before it is put aside, such as 100MB, and
	// FlowLogFiles how many of those are kept; zero values: the defaults.
	FlowLogSize  string
	FlowLogFiles int

	FlowDays int // for how many days the flows that workflows made are kept, by which changes of the network are judged; 0: traffic.DefaultDays

	OTLPEndpoint string // base of the URLs of a collector of traces, as http://localhost:4318; "": no traces are made

	Connections string // file of where connections, functions and APIs are called, as connections.json of a project has them; "": none

	Authority   string        // base of the URL where ActiveDirectoryOAuth authentications get tokens, unless they name one; "": the public cloud's
	CallTimeout time.Duration // of one request of an operation; 0: 240 s in an environment, 120 s outside

	PrivateLinks bool // linked templates may lie at private, loopback and link-local addresses

	TrustIssuers  []string // URLs of OpenID Connect issuers whose tokens are taken too
	TrustAudience []string // whom their tokens must be for

	AllowedHosts   []string       // further Host names that are answered
	TrustedProxies []netip.Prefix // whose X-Forwarded-For counts
	ProxyProtocol  bool           // and whose connections may begin with the PROXY protocol

	DataPlane string // DataPlaneInproc, DataPlaneKernel or DataPlaneAuto; "": DataPlaneInproc

	// InlineCode says where JavaScriptCode actions run: InlineCodeProcess, in processes
	// that ScriptWorker makes, InlineCodeInProcess, or InlineCodeOff, where workflows with
	// them are refused; "": in processes if there can be any, else off.
	InlineCode   string
	ScriptWorker func() (*exec.Cmd, error) // a process that calls script.Work; nil: there can be none

	// Limits is LimitsDocumented if environments are throttled as they are documented
	// for their SKU and capacity; "": they are not.
	Limits string
	Limit  []string // name=value of limits that are not to be the documented ones; see Limits

	ResponseLimit            time.Duration // how long a caller waits for a Response; 0: the default
	EnvironmentResponseLimit time.Duration // the same in an environment

	Version string // of the program, for whoever watches it

	Clock func() time.Time // nil: the machine's
	Log   *slog.Logger     // nil: slog's default

	limits      Limits                         // what Limit has; set by Validate
	flowLogSize int64                          // what FlowLogSize has; set by Validate
	tags        *watchedFile[netpol.TagFile]   // what ServiceTags has, nil for none; set by Validate
	nameTags    *watchedFile[[]netpol.NameTag] // what FQDNTags has, nil for none; set by Validate
	threats     *watchedFile[netpol.Threats]   // what ThreatList has, nil for none; set by Validate
	connections connection.Directory           // what Connections has; set by Validate
}

// Validate fills in the defaults and reports every setting that cannot be.
func (c *Config) Validate() error {
	var found []error
	if c.Data == "" {
		found = append(found, errors.New("--data: a server needs a data folder"))
	}
	if c.Listen == "" {
		c.Listen = DefaultListen
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		found = append(found, fmt.Errorf("--listen %q is not host:port, such as %s", c.Listen, DefaultListen))
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		found = append(found, errors.New("--tls-cert and --tls-key go together: give both or none"))
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" && u.Path != "/" {
			found = append(found, fmt.Errorf("--public-url %q is not an https URL without a path, such as https://isle.example:7443", c.PublicURL))
		}
	}
	found = append(found, c.checkCalls(), c.checkInlineCode(), c.checkDataPlane(), c.checkLimits(), c.checkThrottle(), c.readFiles(), c.readConnections(), c.checkFlowLog(), c.checkTraces(), c.checkTrust(), c.checkProxies())
	if c.FlowDays < 0 || c.FlowDays > traffic.MaxDays {
		found = append(found, fmt.Errorf("--flow-days %d is not from 1 to %d", c.FlowDays, traffic.MaxDays))
	}
	c.FlowDays = cmp.Or(c.FlowDays, traffic.DefaultDays)
	if c.ResponseLimit == 0 {
		c.ResponseLimit = defaultResponseLimit
	}
	if c.EnvironmentResponseLimit == 0 {
		c.EnvironmentResponseLimit = defaultEnvironmentResponseLimit
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return errors.Join(found...)
}

// checkCalls checks what requests of operations need.
func (c *Config) checkCalls() error {
	var found []error
	if c.CallTimeout < 0 {
		found = append(found, fmt.Errorf("--call-timeout %v must be above zero, such as 2m", c.CallTimeout))
	}
	u, err := url.Parse(c.Authority)
	if c.Authority != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "") {
		found = append(found, fmt.Errorf("--authority %q is not an http or https URL, such as %s", c.Authority, connectorhttp.DefaultAuthority))
	}
	return errors.Join(found...)
}

// LimitsDocumented has the documented throughput of environments enforced.
const LimitsDocumented = "documented"

func (c *Config) checkThrottle() error {
	if c.Limits != "" && c.Limits != LimitsDocumented {
		return fmt.Errorf("--limits %q is not known; give %q to have the documented throughput of environments enforced, or leave it out", c.Limits, LimitsDocumented)
	}
	return nil
}

// checkLimits reads the limits. Each of the older settings for a time wins over them.
func (c *Config) checkLimits() (err error) {
	c.limits, err = readLimits(c.Limit)
	if c.limits.Inbound > 0 && c.ResponseLimit == 0 && c.EnvironmentResponseLimit == 0 {
		c.ResponseLimit, c.EnvironmentResponseLimit = c.limits.Inbound, c.limits.Inbound
	}
	if c.CallTimeout == 0 {
		c.CallTimeout = c.limits.Outbound
	}
	return err
}

// checkInlineCode chooses where inline code runs.
func (c *Config) checkInlineCode() error {
	switch c.InlineCode {
	case InlineCodeInProcess, InlineCodeOff:
	case "":
		c.InlineCode = InlineCodeOff
		if c.ScriptWorker != nil {
			c.InlineCode = InlineCodeProcess
		}
	case InlineCodeProcess:
		if c.ScriptWorker == nil {
			return errors.New("--inline-code process: this server cannot start processes for inline code; give inprocess or off")
		}
	default:
		return fmt.Errorf("--inline-code %q is none of %s, %s and %s", c.InlineCode, InlineCodeProcess, InlineCodeInProcess, InlineCodeOff)
	}
	return nil
}

func (c *Config) checkDataPlane() error {
	switch c.DataPlane {
	case "":
		c.DataPlane = DataPlaneInproc
	case DataPlaneInproc, DataPlaneKernel, DataPlaneAuto:
	default:
		return fmt.Errorf("--dataplane %q is none of %s, %s and %s", c.DataPlane, DataPlaneInproc, DataPlaneKernel, DataPlaneAuto)
	}
	return nil
}

// readConnections reads the file of connections. The error has all its problems.
func (c *Config) readConnections() error {
	if c.Connections == "" {
		return nil
	}
	content, err := os.ReadFile(c.Connections)
	if err == nil {
		c.connections, err = connection.ParseFile(content)
	}
	if err != nil {
		return fmt.Errorf("--connections %s: give a file like connections.json of a project: %w", c.Connections, err)
	}
	return nil
}

// checkFlowLog finds what would keep the flow log from being opened, before anything is
// made.
func (c *Config) checkFlowLog() error {
	var found []error
	if (c.FlowLogSize != "" || c.FlowLogFiles != 0) && (c.FlowLog == "" || c.FlowLog == standardError) {
		found = append(found, errors.New("--flow-log-size and --flow-log-files are of a file that --flow-log names: give one"))
	}
	var err error
	if c.flowLogSize, err = readSize(cmp.Or(c.FlowLogSize, DefaultFlowLogSize)); err != nil {
		found = append(found, fmt.Errorf("--flow-log-size %s: %w", c.FlowLogSize, err))
	}
	if c.FlowLogFiles < 0 || c.FlowLogFiles > mostFlowLogFiles {
		found = append(found, fmt.Errorf("--flow-log-files %d: give a number from 1 to %d", c.FlowLogFiles, mostFlowLogFiles))
	}
	c.FlowLogFiles = cmp.Or(c.FlowLogFiles, DefaultFlowLogFiles)
	if c.FlowLog == "" || c.FlowLog == standardError {
		return errors.Join(found...)
	}
	if info, err := os.Stat(c.FlowLog); err == nil && info.IsDir() {
		found = append(found, fmt.Errorf("--flow-log %s is a folder: give a file in it, or - for standard error", c.FlowLog))
	}
	if info, err := os.Stat(filepath.Dir(c.FlowLog)); err != nil || !info.IsDir() {
		found = append(found, fmt.Errorf("--flow-log %s: the folder %s is not there: make it, or give another file", c.FlowLog, filepath.Dir(c.FlowLog)))
	}
	return errors.Join(found...)
}

// checkTraces checks where traces are sent to.
func (c *Config) checkTraces() error {
	if c.OTLPEndpoint == "" {
		return nil
	}
	if err := tracing.CheckEndpoint(c.OTLPEndpoint); err != nil {
		return fmt.Errorf("--otlp-endpoint %w", err)
	}
	return nil
}

// checkTrust checks the issuers that are trusted.
func (c *Config) checkTrust() error {
	var found []error
	for _, i := range c.trusted() {
		if err := i.Check(); err != nil {
			found = append(found, fmt.Errorf("--trust-issuer %w (--trust-audience)", err))
		}
	}
	if len(c.TrustAudience) > 0 && len(c.TrustIssuers) == 0 {
		found = append(found, errors.New("--trust-audience: there is no --trust-issuer that it could be of"))
	}
	return errors.Join(found...)
}

func (c *Config) trusted() (list []identity.TrustedIssuer) {
	for _, url := range c.TrustIssuers {
		list = append(list, identity.TrustedIssuer{URL: url, Audiences: c.TrustAudience})
	}
	return list
}

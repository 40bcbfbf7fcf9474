package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	connectorhttp "isle/internal/connector/http"
	"isle/internal/dataplane"
	"isle/internal/server"
	"isle/internal/traffic"
)

func serveCommand() *cobra.Command {
	var flags serverFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server: resource manager, portal, access endpoints and runs on one HTTPS port",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := flags.start(cmd)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "Isle serves %s; its clients trust %s. Stop it with Ctrl-C.\n", s.Operator().Endpoint, s.Operator().CAFile)
			fmt.Fprintln(cmd.ErrOrStderr(), dataPlane(s.Isolation()))
			return flags.untilStopped(cmd.Context(), s)
		},
	}
	flags.register(cmd)
	return cmd
}

// dataPlane says in a line who enforces the policy of networks.
func dataPlane(i dataplane.Isolation) string {
	switch {
	case i.Isolated:
		return "Data plane: " + i.Mode + ", isolated."
	case len(i.Reasons) == 0:
		return "Data plane: " + i.Mode + ", not isolated."
	}
	return "Data plane: " + i.Mode + ", not isolated. " + i.Reasons[0]
}

// serverFlags are the flags of the commands that start a server.
type serverFlags struct {
	config  server.Config
	trusted []string
	verbose bool

	logLevel, logFormat string
	stopTimeout         time.Duration

	wrong []error // values of flags that cannot be read, in the order of the command line
}

// heldValue is a flag that keeps a value it cannot read for later, so that all of them are
// told at once.
type heldValue struct {
	pflag.Value
	name  string
	wrong *[]error
}

func (v heldValue) Set(text string) error {
	if v.Value.Set(text) != nil {
		*v.wrong = append(*v.wrong, fmt.Errorf("--%s %q is no %s", v.name, text, valueWords(v.Type())))
	}
	return nil
}

// valueWords say what a flag's value is.
func valueWords(typ string) string {
	switch typ {
	case "bool":
		return "true or false"
	case "duration":
		return "duration, such as 90s or 5m"
	case "int":
		return "whole number"
	}
	return typ
}

func (f *serverFlags) register(cmd *cobra.Command) {
	cmd.Long = cmp.Or(cmd.Long, cmd.Short+".") + "\n\nLimits that --limit sets, and their defaults:\n\n" + server.LimitsHelp()
	dataFlag(cmd, &f.config.Data)
	flags := cmd.Flags()
	flags.StringVar(&f.config.Listen, "listen", "", "address to listen on; port 0 picks a port and keeps it in the data folder (default "+server.DefaultListen+")")
	flags.StringVar(&f.config.PublicURL, "public-url", "", "base of absolute URLs, when clients reach the server by another name")
	flags.StringVar(&f.config.KeyFile, "key-file", "", "root key that seals what is stored (default: a file in the data folder)")
	flags.StringVar(&f.config.TLSCert, "tls-cert", "", "an own certificate, PEM")
	flags.StringVar(&f.config.TLSKey, "tls-key", "", "its key, PEM")
	flags.BoolVar(&f.config.PrivateLinks, "private-links", false, "let templates be linked from private and loopback addresses too, which the server would reach for whoever deploys")
	flags.StringSliceVar(&f.config.TrustIssuers, "trust-issuer", nil, "https URL of an OpenID Connect issuer whose tokens are taken too; roles are given to whom it names with: isle role create --issuer URL --subject SUB")
	flags.StringSliceVar(&f.config.TrustAudience, "trust-audience", nil, "the audience that tokens of trusted issuers must be for")
	flags.StringSliceVar(&f.config.AllowedHosts, "allowed-host", nil, "further Host names that are answered")
	flags.StringSliceVar(&f.trusted, "trusted-proxies", nil, "prefixes whose X-Forwarded-For counts")
	flags.BoolVar(&f.config.ProxyProtocol, "proxy-protocol", false, "take the PROXY protocol, version 1 or 2, from them: their connections may begin with whom they come from")
	flags.StringArrayVar(&f.config.Limit, "limit", nil, "a limit that is not to be the documented one, as name=value: foreachItems=1000, messageSize=50MB, inboundTimeout=60s; the list is above")
	flags.StringVar(&f.config.Limits, "limits", "", "documented: environments are throttled at 80 % of the throughput that their SKU and capacity are documented for (default: it is only metered)")
	flags.StringVar(&f.config.InlineCode, "inline-code", "", "where inline JavaScript runs: process (bounded processes of its own, the default), inprocess (in the server: only where everyone who may save workflows is trusted) or off")
	flags.StringVar(&f.config.DataPlane, "dataplane", "", "who enforces the networks' policy: inproc (this process, the default), kernel (the kernel of this machine as well: Linux, as root or with its capabilities) or auto (the kernel if it can)")
	flags.DurationVar(&f.config.SubnetRelease, "subnet-release-delay", 0, "how long the subnets of a deleted environment stay taken (default: they are free at once)")
	flags.StringVar(&f.config.ThreatList, "threat-list", "", "a file of known threats that firewalls warn of or deny by their threatIntelMode: an address, a range or a name (example.com, *.example.com) on each line; read again when it changes")
	flags.StringVar(&f.config.FQDNTags, "fqdn-tags", "", "a file of the FQDN tags that application rules may name: on each line a tag and the names of hosts that it stands for (example.com, *.example.com); read again when it changes (default: WindowsUpdate, whose names are public)")
	flags.StringVar(&f.config.ServiceTags, "service-tags", "", "a file of service tags and their prefixes, as the weekly public download has them; read again when it changes (default: the tags have no addresses)")
	flags.StringVar(&f.config.Authority, "authority", "", "where ActiveDirectoryOAuth authentications of actions get their tokens, unless they name an authority (default "+connectorhttp.DefaultAuthority+")")
	flags.DurationVar(&f.config.CallTimeout, "call-timeout", 0, "how long one request of an action may take (default 4m in an environment, 2m outside)")
	flags.StringVar(&f.config.Connections, "connections", "", "a file like connections.json of a single-tenant project: where connections, functions and APIs are called, with their credentials (default: only what workflows say)")
	flags.IntVar(&f.config.FlowDays, "flow-days", traffic.DefaultDays, "for how many days the flows that workflows make are kept, by which isle netcheck --what-if judges changes of the network")
	flags.StringVar(&f.config.FlowLog, "flow-log", "", "a file that gets each decision of the network policy as a line of JSON; - is standard error")
	flags.StringVar(&f.config.FlowLogSize, "flow-log-size", "", "how large that file becomes before it is put aside as FILE.1, FILE.2 … (default "+server.DefaultFlowLogSize+")")
	flags.IntVar(&f.config.FlowLogFiles, "flow-log-files", 0, fmt.Sprintf("how many files are put aside; the oldest goes (default %d)", server.DefaultFlowLogFiles))
	flags.StringVar(&f.config.OTLPEndpoint, "otlp-endpoint", "", "base of the URLs of an OpenTelemetry collector, which gets traces by OTLP over HTTP, such as http://localhost:4318 (default: no traces)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log every request: the same as --log-level debug")
	flags.StringVar(&f.logLevel, "log-level", "warn", "what is logged to standard error: error, warn, info or debug")
	flags.StringVar(&f.logFormat, "log-format", "text", "how: text, or json for programs")
	flags.DurationVar(&f.stopTimeout, "stop-timeout", stopGrace, "how long a stopping server waits for requests under way; a second signal ends it at once")
	flags.VisitAll(func(flag *pflag.Flag) {
		if _, list := flag.Value.(pflag.SliceValue); !list {
			flag.Value = heldValue{flag.Value, flag.Name, &f.wrong}
			flag.DefValue = strings.TrimPrefix(flag.DefValue, "0s") // no default that is worth telling
		}
	})
}

// start starts the server that the flags describe; it is ready when this returns. All
// that is wrong with the flags is told at once.
func (f *serverFlags) start(cmd *cobra.Command) (*server.Server, error) {
	wrong := f.wrong
	for _, text := range f.trusted {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("--trusted-proxies %q is not a prefix such as 10.0.0.0/8", text))
		}
		f.config.TrustedProxies = append(f.config.TrustedProxies, prefix)
	}
	log, err := f.log(cmd.ErrOrStderr())
	if wrong = append(wrong, err); errors.Join(wrong...) != nil {
		return nil, inputError{errors.Join(append(wrong, f.config.Validate())...)}
	}
	f.config.ScriptWorker, f.config.Version = scriptWorker, version
	f.config.Log = log
	s, err := server.Start(cmd.Context(), f.config)
	if err == nil {
		go collectLess(cmd.Context())
	}
	return s, err
}

// log is the log that the flags describe. The error has all that is wrong.
func (f *serverFlags) log(to io.Writer) (*slog.Logger, error) {
	var level slog.Level
	var wrong []error
	if f.verbose {
		level = slog.LevelDebug
	} else if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		wrong = append(wrong, fmt.Errorf("--log-level %q is none of error, warn, info and debug", f.logLevel))
	}
	options := &slog.HandlerOptions{Level: level}
	var handler slog.Handler = slog.NewTextHandler(to, options)
	switch f.logFormat {
	case "text":
	case "json":
		handler = slog.NewJSONHandler(to, options)
	default:
		wrong = append(wrong, fmt.Errorf("--log-format %q is neither text nor json", f.logFormat))
	}
	return slog.New(handler), errors.Join(wrong...)
}

// stopGrace is how long a stopping server waits for requests under way, unless told
// otherwise.
const stopGrace = 10 * time.Second

// untilStopped waits for a signal or for the server's end, and closes it in order. A
// server that a backup was put back on begins anew.
func (f *serverFlags) untilStopped(ctx context.Context, s *server.Server) error {
	for {
		var failed error
		select {
		case <-ctx.Done():
		case failed = <-s.Failed():
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.stopTimeout)
		err := s.Close(grace)
		cancel()
		if !errors.Is(failed, server.ErrRestored) {
			if failed == nil {
				failed = err
			}
			return failed
		}
		if s, err = server.Start(ctx, f.config); err != nil {
			return err
		}
	}
}
